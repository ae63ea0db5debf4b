// Answers, for each JSON line {"template": …, "env": …, "data": …}, what consul-template renders or says, and for
// {"func": …, "query": …} how it names what a function asks for.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	dep "github.com/hashicorp/consul-template/dependency"
	"github.com/hashicorp/consul-template/template"
)

type question struct {
	Func       string                         `json:"func"`
	Query      string                         `json:"query"`
	Template   string                         `json:"template"`
	Env        []string                       `json:"env"`
	MissingKey bool                           `json:"error_on_missing_key"`
	Deny       []string                       `json:"deny"`
	Services   map[string][]*dep.HealthService `json:"services"`
	Catalog    []*dep.CatalogSnippet          `json:"catalog"`
	Pairs      map[string][]*dep.KeyPair      `json:"pairs"`
}
type answer struct {
	Output *string `json:"output,omitempty"`
	Error  *string `json:"error,omitempty"`
}

func ask(q question) (a answer) {
	defer func() {
		if r := recover(); r != nil {
			s := fmt.Sprint("PANIC ", r)
			a = answer{Error: &s}
		}
	}()
	fail := func(err error) answer { s := err.Error(); return answer{Error: &s} }
	if q.Func != "" {
		d, err := queries[q.Func](q.Query)
		if err != nil {
			return fail(err)
		}
		s := d.String()
		return answer{Output: &s}
	}
	t, err := template.NewTemplate(&template.NewTemplateInput{Contents: q.Template, ErrMissingKey: q.MissingKey, FunctionDenylist: q.Deny})
	if err != nil {
		return fail(err)
	}
	brain := template.NewBrain()
	for name, list := range q.Services {
		d, err := dep.NewHealthServiceQuery(name)
		if err != nil {
			return fail(err)
		}
		brain.Remember(d, list)
	}
	if q.Catalog != nil {
		d, _ := dep.NewCatalogServicesQuery("")
		brain.Remember(d, q.Catalog)
	}
	for name, list := range q.Pairs {
		d, err := dep.NewKVListQuery(name)
		if err != nil {
			return fail(err)
		}
		brain.Remember(d, list)
	}
	r, err := t.Execute(&template.ExecuteInput{Brain: brain, Env: q.Env})
	if err != nil {
		return fail(err)
	}
	s := string(r.Output)
	return answer{Output: &s}
}

var queries = map[string]func(string) (dep.Dependency, error){
	"service":  func(s string) (dep.Dependency, error) { return dep.NewHealthServiceQuery(s) },
	"services": func(s string) (dep.Dependency, error) { return dep.NewCatalogServicesQuery(s) },
	"nodes":    func(s string) (dep.Dependency, error) { return dep.NewCatalogNodesQuery(s) },
	"node":     func(s string) (dep.Dependency, error) { return dep.NewCatalogNodeQuery(s) },
	"key":      func(s string) (dep.Dependency, error) { return dep.NewKVGetQuery(s) },
	"pairs":    func(s string) (dep.Dependency, error) { return dep.NewKVListQuery(s) },
	"peerings": func(s string) (dep.Dependency, error) { return dep.NewListPeeringQuery(s) },
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<26)
	out := json.NewEncoder(os.NewFile(3, "answers"))
	out.SetEscapeHTML(false)
	for in.Scan() {
		var q question
		if err := json.Unmarshal(in.Bytes(), &q); err != nil {
			panic(err)
		}
		if err := out.Encode(ask(q)); err != nil {
			panic(err)
		}
	}
}
