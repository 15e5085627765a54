package handlers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/text/encoding/unicode"

	"github.com/tillpost/tillpost/models"
)

// uploadedText is what stands in the form's file of lines; empty without one.
func uploadedText(c *fiber.Ctx) (string, error) {
	upload, err := c.FormFile("file")
	if err != nil || upload.Filename == "" { // there is none, or the form is not one of files
		return "", nil //nolint:nilerr // what is missing is told of the text
	}
	file, err := upload.Open()
	if err != nil {
		return "", fmt.Errorf("open upload: %w", err)
	}
	body, err := io.ReadAll(io.LimitReader(file, maxPaste))
	if err = errors.Join(err, file.Close()); err != nil {
		return "", fmt.Errorf("read upload: %w", err)
	}
	return textOf(body)
}

// spreadsheets are what files of spreadsheet programs begin with: those that are
// archives, and those of old.
var spreadsheets = [][]byte{[]byte("PK\x03\x04"), []byte("\xD0\xCF\x11\xE0")}

// textOf is a file as text: in UTF-8, or in UTF-16 when it says so, as Excel's
// "Unicode text" does. Of other encodings nobody knows which one is meant.
func textOf(body []byte) (string, error) {
	for _, begins := range spreadsheets {
		if bytes.HasPrefix(body, begins) {
			return "", models.Invalid("file", "file_no_csv")
		}
	}
	if bytes.HasPrefix(body, []byte{0xFF, 0xFE}) || bytes.HasPrefix(body, []byte{0xFE, 0xFF}) {
		decoded, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(body)
		if err != nil {
			return "", models.Invalid("file", "file_encoding")
		}
		body = decoded
	}
	switch text := strings.TrimPrefix(string(body), "\uFEFF"); {
	case strings.Contains(text, "\x00"):
		return "", models.Invalid("file", "file_no_csv")
	case !utf8.ValidString(text):
		return "", models.Invalid("file", "file_encoding")
	case strings.TrimSpace(text) == "":
		return "", models.Invalid("file", "file_empty")
	default:
		return text, nil
	}
}
