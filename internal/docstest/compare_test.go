package docstest

import (
	"strings"
	"testing"
)

const english = `# D01 a-b: A title

[中文](zh)

Result of two: 15 a minute, see ` + "`x\ny`" + `.

## What

| code | meaning |
|---|---|
| 0 | done |

` + "```" + `
# first
ebb check C
# left behind: pd-ctl store 1
` + "```" + `

` + "```text" + `
# shown
` + "```" + `
`

const chinese = `# D01 a-b：标题

[English](en)

2 的结果：每分钟 15，见 ` + "`x y`" + `。

## 什么

| 码 | 含义 |
|---|---|
| 0 | 完成 |

` + "```" + `
# 先
ebb check C
# 残留：pd-ctl store 1
` + "```" + `

` + "```text" + `
# shown
` + "```" + `
`

// A comparison that finds nothing looks exactly like documents in step.
func TestCompareFinds(t *testing.T) {
	for _, tt := range []struct{ from, to, want string }{
		{"", "", ""},
		{"a-b：", "a-c：", "title"},
		{"# D01 a-b：", "# ", "title"},
		{"## 什么", "", "1 headings, 2 in English"},
		{"## 什么", "### 什么", "level 3, 2 in English"},
		{"`x y`", "`x z`", "code spans differ"},
		{"`x y`", "`x y` 和 `x y`", "Chinese only [\"`x y`\"]"},
		{"15", "16", "the number 15 is missing"},
		{"15", "15 或 3", "the number 3 is not in English"},
		{"每分钟", "每分钟 foo-bar", "does not name foo-bar"},
		{"每分钟", "每分钟a", "wants a space"},
		{"分钟 15，", "分钟 15, 即时,", "full-width"},
		{"见 ", "见。 即.\n", "full-width"},
		{"| 0 | 完成 |\n", "", "2 rows"},
		{"| 0 | 完成 |", "| 0 |", "1 cells"},
		{"| 0 |", "| 1 |", "begins with"},
		{"ebb check C", "ebb check D", "code"},
		{"# 残留：pd-ctl store 1", "# 残留：pd-ctl store 2", "code"},
		{"# 先", "先", "code"},
		{"# 先\n", "", "block"},
		{"# shown", "# 显示", "code"},
		{"```text", "```console", "block"},
		{"```text\n# shown\n```\n", "", "1 blocks"},
	} {
		found := strings.Join(Compare(Parse(english), Parse(strings.Replace(chinese, tt.from, tt.to, 1))), "\n")
		if tt.want == "" && found != "" || !strings.Contains(found, tt.want) {
			t.Errorf("%q for %q: found %q, want %q", tt.to, tt.from, found, tt.want)
		}
	}
	for _, tt := range []struct{ en, zh string }{
		{"`a` and `a`", "`a` 和"},
		{"```\n# x: curl -X GET a\n```", "```\n# x: curl -X GET b\n```"},
		{"```\n# ALTER TABLE a\n```", "```\n# ALTER TABLE b\n```"},
		{"```\n# see ebb a\n```", "```\n# see ebb b\n```"},
		{"```\n# x\n```", "```\n# curl x\n```"},
		{"| a | b |", "| 甲 | 乙 |\n| 甲 | 乙 |"},
	} {
		if len(Compare(Parse("# T\n"+tt.en+"\n"), Parse("# T\n的\n"+tt.zh+"\n"))) != 1 {
			t.Errorf("%q for %q: in step", tt.zh, tt.en)
		}
	}
	plain := strings.NewReplacer("2 的结果：每分钟 15，见", "Result of 2: 15 a minute, see").Replace(chinese)
	plain = strings.NewReplacer("[English]", "[en]", "。", ".").Replace(plain)
	if found := strings.Join(Compare(Parse(english), Parse(plain)), "\n"); !strings.Contains(found, "not translated") {
		t.Errorf("English prose: found %q", found)
	}
}
