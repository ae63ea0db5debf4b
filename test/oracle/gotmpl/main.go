// Answers what Go's text/template makes of templates: one JSON object per line in, one per line out.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"text/template"
)

type question struct {
	Template   string // base64: a template is bytes
	Data       datum
	Left       string
	Right      string
	MissingKey string
}

type answer struct {
	Output string `json:"output,omitempty"` // base64
	Error  string `json:"error,omitempty"`  // base64
}

// A datum says of which Go type it is; values.ts on the other side reads the same.
type datum struct {
	Type    string
	Text    string     // base64 of a string, or a number as Go writes it
	Items   []datum    // of a slice, or the fields of a struct
	Entries [][2]datum // of a map
}

// Pair is a struct with methods, as consul-template's data is.
type Pair struct {
	Name  string
	Value any
	Tags  []string
}

func (p *Pair) Greet(words ...string) string {
	return strings.Join(append([]string{p.Name}, words...), " ")
}
func (p *Pair) Fail() (string, error) { return "", errors.New("no such pair") }

// Label prints itself.
type Label struct{ Text string }

func (l Label) String() string { return "<" + l.Text + ">" }

var types = map[string]reflect.Type{}

func init() {
	for _, value := range []any{
		int(0), int8(0), int16(0), int32(0), int64(0), uint(0), uint8(0), uint16(0), uint32(0), uint64(0),
		float32(0), float64(0), "", false,
		[]any{}, []string{}, []int{}, []float64{}, []uint8{}, []bool{}, [][]string{}, []map[string]any{},
		map[string]any{}, map[string]string{}, map[string]int{}, map[int]string{}, map[bool]int{},
		map[float64]string{}, map[string][]string{}, map[any]any{},
		Pair{}, &Pair{}, Label{}, &Label{},
	} {
		types[reflect.TypeOf(value).String()] = reflect.TypeOf(value)
	}
}

func (d datum) value() reflect.Value {
	if d.Type == "nil" {
		return reflect.Value{}
	}
	typ, isNil := types[strings.TrimSuffix(d.Type, "(nil)")], strings.HasSuffix(d.Type, "(nil)")
	if typ == nil {
		panic("unknown type " + d.Type)
	}
	value := reflect.New(typ).Elem()
	if isNil {
		return value
	}
	switch typ.Kind() {
	case reflect.String:
		text, _ := base64.StdEncoding.DecodeString(d.Text)
		value.SetString(string(text))
	case reflect.Bool:
		value.SetBool(d.Text == "true")
	case reflect.Float32, reflect.Float64:
		number, _ := strconv.ParseFloat(d.Text, 64)
		value.SetFloat(number)
	case reflect.Slice:
		value.Set(reflect.MakeSlice(typ, len(d.Items), len(d.Items)))
		for i, item := range d.Items {
			set(value.Index(i), item)
		}
	case reflect.Map:
		value.Set(reflect.MakeMap(typ))
		for _, entry := range d.Entries {
			of := reflect.New(typ.Elem()).Elem()
			set(of, entry[1])
			key := reflect.New(typ.Key()).Elem()
			set(key, entry[0])
			value.SetMapIndex(key, of)
		}
	case reflect.Struct, reflect.Pointer:
		fields := value
		if typ.Kind() == reflect.Pointer {
			value.Set(reflect.New(typ.Elem()))
			fields = value.Elem()
		}
		for i, item := range d.Items {
			set(fields.Field(i), item)
		}
	default:
		if value.CanInt() {
			number, _ := strconv.ParseInt(d.Text, 10, 64)
			value.SetInt(number)
		} else {
			number, _ := strconv.ParseUint(d.Text, 10, 64)
			value.SetUint(number)
		}
	}
	return value
}

func set(place reflect.Value, d datum) {
	if value := d.value(); value.IsValid() {
		place.Set(value)
	}
}

// What templates may call beside the builtins; functions.ts on the other side does the same.
func functions(t **template.Template) template.FuncMap {
	runs := 0
	return template.FuncMap{
		"upper": strings.ToUpper,
		"join":  func(sep string, list []string) string { return strings.Join(list, sep) },
		"words": func(text string) []string { return strings.Fields(text) },
		"sum": func(numbers ...int) (total int) {
			for _, n := range numbers {
				total += n
			}
			return
		},
		"half":    func(number float64) float64 { return number / 2 },
		"byte":    func(number uint8) uint8 { return number },
		"long":    func(number int64) int64 { return number },
		"both":    func(one, other bool) bool { return one && other },
		"same":    func(value any) any { return value },
		"nothing": func() any { return nil },
		"broken":  func(text string) (string, error) { return "", errors.New("broken: " + text) },
		"size":    func(m map[string]any) int { return len(m) },
		"pair":    func(p *Pair) string { return p.Name },
		"count": func(n int) <-chan int64 {
			numbers := make(chan int64)
			go func() {
				for i := 0; i < n; i++ {
					numbers <- int64(i)
				}
				close(numbers)
			}()
			return numbers
		},
		"run": func(name string, data ...any) (string, error) {
			if runs++; runs > 20 {
				return "", errors.New("ran too often")
			}
			var out bytes.Buffer
			var dot any
			if len(data) > 0 {
				dot = data[0]
			}
			err := (*t).ExecuteTemplate(&out, name, dot)
			return out.String(), err
		},
	}
}

func answerTo(q question) (text string, err error) {
	source, _ := base64.StdEncoding.DecodeString(q.Template)
	t := template.New("t").Delims(q.Left, q.Right)
	if q.MissingKey != "" {
		t.Option("missingkey=" + q.MissingKey)
	}
	t.Funcs(functions(&t))
	if _, err = t.Parse(string(source)); err != nil {
		return "", err
	}
	var data any
	if value := q.Data.value(); value.IsValid() {
		data = value.Interface()
	}
	var out bytes.Buffer
	err = t.Execute(&out, data)
	return out.String(), err
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 1 {
			var q question
			if err := json.Unmarshal(line, &q); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			text, failure := answerTo(q)
			a := answer{Output: base64.StdEncoding.EncodeToString([]byte(text))}
			if failure != nil {
				a = answer{Error: base64.StdEncoding.EncodeToString([]byte(failure.Error()))}
			}
			reply, _ := json.Marshal(a)
			out.Write(append(reply, '\n'))
			out.Flush()
		}
		if err != nil {
			return
		}
	}
}
