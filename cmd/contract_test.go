package cmd

import (
	"maps"
	"path/filepath"
	"reflect"
	"slices"

	"ebb/cluster"
	"ebb/cmd/render"
	"ebb/decommission"
	"ebb/internal/contract"
	"ebb/operators"
	"ebb/tune"
)

// documented is a verb with the JSON documents that it prints. A verb that gets
// JSON is added to the list below; the tests say what is missing.
type documented struct {
	verb string // "" for stderr, which is that of all verbs
	// many is set when there are several documents, one a line, while it runs.
	many      bool
	documents []printed
}

// printed is one type of document.
type printed struct {
	name string // the value of "type"
	of   reflect.Type
	says string
	// Of a render.Event, which fields are set: always and perhaps.
	always, perhaps []string
	plan            reflect.Type // of the field "plan"
	raw             bool         // it is PD's own, without schema_version and type
}

func document[T any](name, says string) printed {
	return printed{name: name, of: reflect.TypeFor[T](), says: says}
}

func event(name, says string, always ...string) printed {
	return printed{name: name, of: reflect.TypeFor[render.Event](), says: says, always: append([]string{"schema_version", "type", "time"}, always...)}
}

func (p printed) or(perhaps ...string) printed {
	p.perhaps = append(p.perhaps, perhaps...)
	return p
}

func planOf[T any](says string) printed {
	p := event("plan", says, "plan")
	p.plan = reflect.TypeFor[T]()
	return p
}

var (
	stepEvent     = event("step", "What came of one step of the plan.", "step").or("error")
	tuneStepEvent = event("tune-step", "What came of setting one value, or of putting it back.", "tune").or("error")
	fenceEvent    = event("fence", "How the fencing of one store ended.", "fence")
	summaryEvent  = event("summary", "The end: always the last document.", "summary").or("error")
)

// waiting are the events of watching stores.
var waiting = []printed{
	event("watching", "A store is watched from now on.", "store"),
	event("progress", "A store as PD shows it now; once for every reading.", "store"),
	event("state", "PD's word for the state of a store has changed.", "store"),
	event("stalled", "No region has left a store for two minutes.", "store"),
	event("diagnosis", "What a store that has stalled most likely waits for.", "store").or("diagnosis", "error"),
	event("moving", "Regions leave a stalled store again.", "store"),
	event("tombstone", "A store is Tombstone, and no region names it: it has left.", "store"),
	event("tombstone-with-regions", "PD has buried a store that regions still name.", "store"),
	event("came-back", "A store is Up again: somebody took it back.", "store"),
	event("gone", "The record of a store is gone from PD, and no region names it.", "store"),
	event("contact-lost", "PD does not answer; reading goes on.", "error"),
	event("contact-regained", "PD answers again."),
}

// jsonContract is all JSON that ebb prints.
var jsonContract = []documented{
	{"display", false, []printed{document[render.Display]("display", "The nodes of a cluster. With -w there is one for each reading.")}},
	{"check", false, []printed{document[decommission.CheckReport]("check", "Whether stores may leave, and what if they were lost now.")}},
	{"diagnose", false, []printed{
		document[render.Diagnosis]("diagnose", "Why stores leave slowly or not at all, the worst cause first."),
		document[render.RuleList]("diagnose-rules", "With --list: what diagnose looks at."),
	}},
	{"explain", false, []printed{
		document[render.Explain]("explain", "Why one region stays where it is."),
		document[render.Leftover]("explain-leftover", "With --leftover: what is left on stores, in classes."),
	}},
	{"watch", true, slices.Concat(waiting, []printed{stepEvent, summaryEvent})},
	{"scale-in", true, slices.Concat(
		[]printed{planOf[tunedPlan]("What is to be done, and what that was decided from."), stepEvent, tuneStepEvent},
		waiting,
		[]printed{event("tune-guard", "The speed is changed while the stores leave, and why.", "guard"), summaryEvent})},
	{"cancel-offline", true, []printed{planOf[decommission.Plan]("What is to be done, and what that was decided from."), stepEvent, tuneStepEvent, summaryEvent}},
	{"prune", true, []printed{planOf[decommission.PrunePlan]("What is to be deleted, and what that was decided from."), stepEvent, summaryEvent}},
	{"force-remove", true, slices.Concat(
		[]printed{planOf[decommission.ForceRemovePlan]("What is to be done, what would be lost, and what can be done instead."), fenceEvent, stepEvent},
		waiting, []printed{summaryEvent})},
	{"fence", true, []printed{planOf[decommission.Plan]("What is to be done, and what that was decided from."), fenceEvent, summaryEvent}},
	{"orphans list", false, []printed{document[render.Orphans]("orphans", "The peers on stores that are gone, each with a verdict; ebb orphans prints the same.")}},
	{"orphans script", false, []printed{document[operators.ScriptDocument]("orphan-script", "With --format json: the removals that are safe.")}},
	{"orphans apply", true, []printed{
		planOf[operators.Plan]("Which peers are to be removed, and which are left."),
		event("removal", "What came of removing one peer.", "removal").or("error"), summaryEvent,
	}},
	{"tune show", false, []printed{document[tuneShowDocument]("tune-show", "What decides how fast stores leave.")}},
	{"tune apply", true, []printed{planOf[tune.Plan]("Which values are to be set."), tuneStepEvent, summaryEvent}},
	{"tune restore", true, []printed{planOf[tune.Plan]("Which values are to be put back."), tuneStepEvent, summaryEvent}},
	{"audit list", false, []printed{document[auditListDocument]("audit-list", "The operations that changed something, or tried to.")}},
	{"audit show", false, []printed{document[auditShowDocument]("audit-show", "One operation with its steps.")}},
	{"audit pending", false, []printed{document[auditPendingDocument]("audit-pending", "The values that nobody has put back.")}},
	{"report", false, []printed{document[reportDocument]("report", "How stores left that ebb has watched.")}},
	{"version", false, []printed{document[versionDocument]("version", "The version of ebb.")}},
	{"region", false, []printed{{name: "regions", says: "PD's own JSON, with -o or without: a list, or one region.", raw: true}}},
	{"store", false, []printed{{name: "stores", says: "PD's own JSON, with -o or without: a list, or one store.", raw: true}}},
	{"", true, []printed{
		document[errorDocument]("error", "Why the program ends with another exit code than 0: always the last line."),
		document[messageDocument](string(kindWarning), "Something is suspicious, as in the topology."),
		document[messageDocument](string(kindNote), "Something that is worth knowing."),
		document[messageDocument](string(kindHint), "Something that could be done."),
	}},
}

// repository is where it was when the tests began: some of them change directory.
var repository = func() string {
	path, err := filepath.Abs("..")
	if err != nil {
		panic(err)
	}
	return path
}()

func generator() *contract.Generator {
	return &contract.Generator{
		Module: "ebb", Root: repository,
		Open: []reflect.Type{reflect.TypeFor[tune.Value]()}, // has names for two of its values
		Wider: map[reflect.Type]string{
			reflect.TypeFor[operators.Reason](): "ebb/cluster.RemovalReason",
			reflect.TypeFor[cluster.Field]():    "ebb/diagnose.Field",
		},
	}
}

// file is the name of the schema.
func (d *documented) file() string {
	if d.verb == "" {
		return "stderr.json"
	}
	return dashed(d.verb) + ".json"
}

// schema describes all documents of a verb.
func (d *documented) schema(g *contract.Generator) (*contract.Schema, error) {
	s := &contract.Schema{Draft: contract.Draft, ID: "urn:ebb:schema:1:" + dashed(d.verb), Title: "ebb " + d.verb}
	form := "One document"
	if d.many {
		form = "One document a line"
	}
	s.Description = form + " on stdout with -o json."
	if d.verb == "" {
		s.ID, s.Title, s.Description = "urn:ebb:schema:1:stderr", "stderr of ebb", "One document a line on stderr with -o json."
	}
	definitions := make(map[string]*contract.Schema)
	for _, p := range d.documents {
		one, err := p.schema(g)
		if err != nil {
			return nil, err
		}
		definitions[p.name] = one
		s.OneOf = append(s.OneOf, &contract.Schema{Ref: "#/$defs/" + p.name})
	}
	maps.Copy(definitions, g.Definitions())
	s.Defs = definitions
	s.DropUnused()
	return s, nil
}

func (p *printed) schema(g *contract.Generator) (*contract.Schema, error) {
	if p.raw {
		return rawSchema(p.name, p.says), nil
	}
	s, err := g.Object(p.of)
	if err != nil {
		return nil, err
	}
	if p.plan != nil {
		plan, err := g.Of(p.plan)
		if err != nil {
			return nil, err
		}
		s = s.With("plan", plan)
	}
	if p.always != nil {
		s = s.Only(p.always, p.perhaps)
	}
	version, name := schemaVersion, p.name
	s = s.With("schema_version", &contract.Schema{Const: version, Description: "Within a version fields are only added."})
	s = s.With("type", &contract.Schema{Const: name})
	s.Description = p.says
	return s, nil
}

// rawSchema says as much of PD's JSON as all its versions have in common.
func rawSchema(array, says string) *contract.Schema {
	element := &contract.Schema{Type: "object", Description: "As PD prints it."}
	list := &contract.Schema{
		Type: "object", Required: []string{array, "count"},
		Properties: contract.Properties{
			{Name: array, Schema: &contract.Schema{Type: "array", Items: element}},
			{Name: "count", Schema: &contract.Schema{Type: "integer", Description: "How many there are in the list."}},
		},
	}
	return &contract.Schema{Description: says, AnyOf: []*contract.Schema{list, element}}
}
