package archtest

// Rule is what one package, and the packages below it that have no rule of
// their own, may import. Tests are free: they join what the code keeps apart.
type Rule struct {
	Package string
	// Module lists the packages of this module that may be imported, with those
	// below them. A package may always import what is below itself. "*" is all.
	Module []string
	// StdOnly bans every module but the standard library and this one.
	StdOnly bool
	Banned  []Ban
	Why     string // why Module is as it is
}

// Ban forbids importing a package and everything below it.
type Ban struct{ Path, Why string }

// everything marks a package that may import the whole module.
const everything = "*"

// sideEffects is what a package of values and decisions stays away from. What it needs
// from the outside it declares as a small interface, and cmd supplies it.
var sideEffects = []Ban{
	{"os", "a decision that reads files or the environment cannot be planned, shown and tested as a value"},
	{"net/http", "a decision must not depend on what a network answers while it is being made"},
	{"net/rpc", "a decision must not depend on what a network answers while it is being made"},
	{"syscall", "it is a way around the ban of os"},
	{"golang.org/x/sys", "it is a way around the ban of os"},
}

// presentation is what only cmd uses.
var presentation = []Ban{
	{"github.com/spf13/cobra", "flags are parsed in cmd; a package that knows them cannot be used without a command line"},
	{"github.com/spf13/pflag", "flags are parsed in cmd; a package that knows them cannot be used without a command line"},
	{"github.com/AlecAivazis/survey", "questions are asked in one place, ui, where the traps of terminals are handled"},
	{"github.com/olekukonko/tablewriter", "tables are drawn in one place, ui, so that they look alike"},
}

var domain = append(append([]Ban{}, sideEffects...), presentation...)

// Graph is the import graph of the main module. Whatever is not listed is
// forbidden, and so is a package without a rule.
var Graph = []Rule{
	{
		Package: "cluster", StdOnly: true, Banned: sideEffects,
		Why: "the shared values and their arithmetic are the part whose correctness is proved exhaustively; it depends on nothing",
	},
	{
		Package: "journal", StdOnly: true, Banned: presentation,
		Why: "the record of what was done must be readable and restorable whatever else has changed",
	},
	{
		Package: "topology", Module: []string{"cluster"}, Banned: domain,
		Why: "an inventory is parsed and edited as bytes, and matched to stores; it decides nothing",
	},
	{
		Package: "topology/file", Module: []string{"topology", "cluster"}, Banned: presentation,
		Why: "the one place that reads and replaces the operator's topology files",
	},
	{
		Package: "operators", Module: []string{"cluster"}, Banned: domain,
		Why: "judging a peer needs regions and stores, not the way they were fetched",
	},
	{
		Package: "tune", Module: []string{"cluster"}, Banned: domain,
		Why: "a profile is computed from limits; reading and writing them are interfaces",
	},
	{
		Package: "diagnose", Module: []string{"cluster"}, Banned: domain,
		Why: "a cause is ranked from evidence that was gathered before",
	},
	{
		Package: "decommission", Module: []string{"cluster", "topology", "operators"}, Banned: domain,
		Why: "plans join stores, inventory and orphan peers; what they act through are interfaces joined in cmd",
	},
	{
		Package: "burndown", Module: []string{"cluster"}, Banned: domain,
		Why: "the course of a leaving is computed from samples and steps, wherever they were kept",
	},
	{
		Package: "burndown/file", Module: []string{"burndown"}, StdOnly: true, Banned: presentation,
		Why: "the one place that writes and reads the files of samples",
	},
	{
		Package: "pdclient", Module: []string{"cluster", "internal/skim"}, Banned: presentation,
		Why: "the wire shapes of PD stay private to it and come out as cluster values",
	},
	{
		Package: "sshexec", Banned: presentation,
		Why: "running commands on hosts knows nothing of stores",
	},
	{
		Package: "jq", Module: []string{"internal/skim"}, Banned: presentation,
		Why: "filtering JSON knows nothing of PD",
	},
	{
		Package: "ui",
		Banned:  []Ban{{"github.com/spf13/cobra", "the terminal is there without a command line too"}},
		Why:     "terminal primitives know nothing of TiKV, so that they can be tested without a cluster",
	},
	{
		Package: "cmd", Module: []string{everything},
		Banned: []Ban{{"ebb/internal/manual", "the manual is made from the commands, when it is built; the program carries none"}},
		Why:    "cmd is where everything meets",
	},
	{
		Package: "cmd/render",
		Module:  []string{"ui", "cluster", "topology", "decommission", "operators", "tune", "diagnose", "burndown"},
		Banned:  append(append([]Ban{}, sideEffects...), Ban{"github.com/spf13/cobra", "rendering is a function of values, the same for a command and a test"}),
		Why:     "rendering turns values into text; it fetches nothing",
	},
	{
		Package: "cmd/render/page",
		Module:  []string{"burndown", "cluster", "cmd/render", "ui"}, StdOnly: true,
		Banned: sideEffects,
		Why:    "a page is a function of a report; it loads nothing, so that what it shows needs nothing either",
	},
	{
		Package: "cmd/ebb", Module: []string{"cmd", "ui"},
		Why: "main only connects the process to cmd and exits with its code",
	},
	{
		Package: "pdclient/pdtest", Module: []string{"pdclient", "cluster"}, Banned: presentation,
		Why: "a fake PD speaks the same protocol and nothing else",
	},
	{
		Package: "sshexec/sshtest", Module: []string{"sshexec"}, Banned: presentation,
		Why: "a fake host speaks SSH and nothing else",
	},
	{
		Package: "ui/uitest", Module: []string{"ui"},
		Why: "a scripted prompter stands in for the terminal of ui",
	},
	{
		Package: "examples", Module: []string{everything},
		Why: "examples are run by tests that may use anything",
	},
	{
		Package: "internal/archtest",
		Why:     "the checker must not depend on what it checks",
	},
	{
		Package: "internal/docstest", StdOnly: true,
		Why: "documents are compared as text, whatever the program is made of",
	},
	{
		Package: "internal/skim", StdOnly: true, Banned: sideEffects,
		Why: "it reads bytes in the inner loops of pdclient and jq, which know nothing of each other",
	},
	{
		Package: "internal/manual",
		Why:     "the manual of any tree of commands is made in the same way",
	},
	{
		Package: "internal/manual/write", Module: []string{"internal/manual", "cmd"},
		Why: "it only joins the commands and what makes a manual of them",
	},
	{
		Package: "internal/contract", StdOnly: true,
		Why: "schemas are made of the types that tests hand it, so it needs to know none; no program contains it",
	},
	{
		Package: "internal/golden",
		Why:     "it serves the tests of every package, so it can depend on none",
	},
}
