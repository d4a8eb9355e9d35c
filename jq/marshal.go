package jq

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/itchyny/gojq"
)

// appendResult appends a result as compact JSON, or a string as it is if raw.
func appendResult(out []byte, value any, raw bool) []byte {
	if text, ok := value.(string); ok && raw {
		return append(out, text...)
	}
	return appendJSON(out, value)
}

// appendJSON does what gojq.Marshal does, without a buffer for each value.
func appendJSON(out []byte, value any) []byte {
	switch v := value.(type) {
	case int:
		return strconv.AppendInt(out, int64(v), 10)
	case json.Number:
		return append(out, v...)
	case string:
		return appendText(out, v)
	case []any:
		out = append(out, '[')
		for i, item := range v {
			if i > 0 {
				out = append(out, ',')
			}
			out = appendJSON(out, item)
		}
		return append(out, ']')
	case map[string]any:
		out = append(out, '{')
		var few [24]string
		keys := few[:0]
		for key := range v {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for i, key := range keys {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(appendText(out, key), ':')
			out = appendJSON(out, v[key])
		}
		return append(out, '}')
	}
	return appendOther(out, value)
}

func appendText[T string | []byte](out []byte, text T) []byte {
	for i := range len(text) {
		// gojq escapes the one of ASCII that jq does.
		if class[text[i]] != ordinary || text[i] == 0x7f {
			return appendOther(out, string(text))
		}
	}
	out = append(out, '"')
	out = append(out, text...)
	return append(out, '"')
}

func appendOther(out []byte, value any) []byte {
	// Marshal has no error that it returns: it writes to memory.
	data, _ := gojq.Marshal(value)
	return append(out, data...)
}
