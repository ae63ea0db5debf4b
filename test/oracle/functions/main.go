// Answers, for each JSON line {"template": …, "env": …, "data": …}, what consul-template renders or says.
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
