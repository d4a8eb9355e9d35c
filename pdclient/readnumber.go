package pdclient

import (
	"strconv"

	"ebb/internal/skim"
)

// readUint reads a number that is not negative, and returns the index behind it;
// null counts as 0.
func readUint(b []byte, i int) (n uint64, end int, err error) {
	for end = i; end < len(b) && b[end]-'0' <= 9 && end < i+19; end++ {
		n = n*10 + uint64(b[end]-'0')
	}
	// Up to 19 digits fit, without a zero in front of others.
	if end > i && end < len(b) && (b[end] == ',' || b[end] == '}') && (b[i] != '0' || end == i+1) {
		return n, end, nil
	}
	if end, err = skim.Value(b, i, 0); err != nil {
		return 0, end, err
	}
	if b[i] == 'n' {
		return 0, end, nil
	}
	n, err = strconv.ParseUint(string(b[i:end]), 10, 64)
	if err != nil {
		end, err = unwanted(b, i, "a number")
	}
	return n, end, err
}

// readInt reads a whole number; null counts as 0.
func readInt(b []byte, i int) (n int64, end int, err error) {
	if end, err = skim.Member(b, i, 0); err != nil || b[i] == 'n' {
		return 0, end, err
	}
	n, err = strconv.ParseInt(string(b[i:end]), 10, 64)
	if err != nil {
		end, err = unwanted(b, i, "a number")
	}
	return n, end, err
}

// readBool reads true or false; null counts as false.
func readBool(b []byte, i int) (v bool, end int, err error) {
	switch b[i] {
	case 't':
		end, err = skim.Word(b, i, "true")
		return true, end, err
	case 'f':
		end, err = skim.Word(b, i, "false")
		return false, end, err
	case 'n':
		end, err = skim.Word(b, i, "null")
		return false, end, err
	}
	end, err = unwanted(b, i, "a boolean")
	return false, end, err
}
