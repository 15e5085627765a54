package sf

import (
	"crypto/md5" //nolint:gosec // the algorithm is SF's
	"encoding/base64"
	"net/url"
	"strings"
)

// javaForm turns Go's form encoding into that of java.net.URLEncoder, over which
// SF computes its digest: an asterisk stays, a tilde does not.
var javaForm = strings.NewReplacer("%2A", "*", "~", "%7E")

// digest signs a message as SF wants it: base64 of the MD5 of the form-encoded
// message, timestamp and checkword.
func digest(message, timestamp, checkword string) string {
	encoded := javaForm.Replace(url.QueryEscape(message + timestamp + checkword))
	sum := md5.Sum([]byte(encoded)) //nolint:gosec // the algorithm is SF's
	return base64.StdEncoding.EncodeToString(sum[:])
}
