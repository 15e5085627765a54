package kuaidi100

import (
	"crypto/md5" //nolint:gosec // the algorithm is Kuaidi100's
	"encoding/hex"
	"encoding/json"
	"strings"
)

// sign is Kuaidi100's signature: the upper-case hex of an MD5.
func sign(text string) string {
	sum := md5.Sum([]byte(text)) //nolint:gosec // the algorithm is Kuaidi100's
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// encode is the JSON text of a param. It is signed as it is sent.
func encode(param any) string {
	text, _ := json.Marshal(param) //nolint:errchkjson // params are of texts, which always encode
	return string(text)
}
