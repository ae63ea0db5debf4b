# The command that users run today, on a network named calico, with a real Consul and two backends.
consul_at=10.233.0.10
ingress_at=10.233.49.100
first_at=10.233.49.254
second_at=10.233.61.129
all_first='first first first first first first first first'
drop_in=(-consul-addr=$consul_at:8500 -wait=5s -tag=calico -domain=flyclock.cn
  -template=/etc/ctmpl/ingress.conf.njk:/etc/nginx/conf.d/app.conf)

http() { curl -fsS --noproxy '*' --max-time 5 "$@"; }
ask() { http -H 'Host: nginx.test.flyclock.cn' "http://${1:-$ingress_at}"; }
asks() { for _ in 1 2 3 4 5 6 7 8; do ask "${1:-$ingress_at}"; done 2>/dev/null | tr '\n' ' ' | sed 's/ $//'; }
alternates() { grep -Eqx '(first second ){4}|(second first ){4}' <<<"$1 "; }
both() { [[ "$(asks)" == *first*second* ]]; }

backend() {
  printf 'server { listen 80; location / { default_type text/plain; return 200 "%s\\n"; } }\n' "$1" >"$work/$1.conf"
  start "$1" --net=calico --ip="$2" -v "$work/$1.conf:/etc/nginx/conf.d/backend.conf:ro" --entrypoint nginx "$image" -g 'daemon off;'
}
# register SERVICE ID ADDRESS
register() {
  http -X PUT "http://$consul_at:8500/v1/agent/service/register" --data-binary @- <<JSON
{ "ID": "$2", "Name": "$1", "Address": "$3", "Port": 80, "Tags": ["calico"],
  "Check": { "TCP": "$3:80", "Interval": "1s", "Status": "passing" } }
JSON
}
start_consul() {
  start consul --net=calico --ip=$consul_at -v "$consul:/usr/local/bin/consul:ro" --entrypoint consul "$image" \
    agent -dev -bind=$consul_at -client=0.0.0.0 -log-level=warn
  within 30 eval "http http://$consul_at:8500/v1/status/leader | grep -q :"
  register nginx-test nginx-test-1 $first_at && register nginx-test nginx-test-2 $second_at
}

# serves TITLE NAME [ADDRESS]: both backends answer
serves() {
  local served
  within 30 ask "${3:-$ingress_at}"
  served=$(asks "${3:-$ingress_at}")
  if [[ "$served" == *first*second* ]]; then ok "$1: serves ($served)"; else failed "$1: serves ($served)" "$(log_of "$2" | tail -n 20)"; fi
}
is_healthy() { [ "$(inspect "$1" '{{.State.Health.Status}}')" = healthy ]; }
becomes_healthy() {
  within 45 is_healthy "$2"
  is "$1: HEALTHCHECK says healthy" healthy "$(inspect "$2" '{{.State.Health.Status}}')"
}
# stops TITLE NAME: quickly, and with exit code 0
stops() {
  local from took
  from=$(now)
  docker stop "$run_id-$2" >/dev/null
  took=$(seconds_since "$from")
  succeeds "$1: docker stop takes less than 3 s ($took s)" is_below "$took" 3
  is "$1: exit code 0" 0 "$(inspect "$2" '{{.State.ExitCode}}')"
}

make_network
backend first $first_at
backend second $second_at
start_consul || stop_at 'a real Consul answers' "$(log_of consul | tail -n 20)"
ok "a real Consul answers ($(inside consul consul version | head -n 1))"

from=$(now)
start ingress --restart=always --net=calico --ip=$ingress_at "$image" "${drop_in[@]}"
within 30 ask || stop_at 'the drop-in command serves' "$(log_of ingress | tail -n 20)"
ok "the drop-in command serves, $(seconds_since "$from") s after docker run"
served=$(asks)
succeeds "requests alternate between both backends ($served)" alternates "$served"
is 'a host nobody registered gets 404' 404 "$(http -o /dev/null -w '%{http_code}' -H 'Host: stranger.flyclock.cn' http://$ingress_at 2>/dev/null)"
becomes_healthy 'drop-in' ingress
succeeds "nginx's access log is the container's stdout" grep -q '"GET / HTTP/1.1" 200' <<<"$(docker logs "$run_id-ingress" 2>/dev/null)"
succeeds "upstreamd's log is the container's stderr" grep -q 'daemon.ready' <<<"$(docker logs "$run_id-ingress" 2>&1 >/dev/null)"
succeeds 'nginx -t accepts the live tree, logs and all' inside ingress nginx -t

docker stop -t 1 "$run_id-second" >/dev/null
is_out() { ! inside ingress grep -q $second_at /etc/nginx/conf.d/app.conf && [ "$(asks)" = "$all_first" ]; }
within 30 is_out
is 'a backend whose check fails leaves' "$all_first" "$(asks)"
succeeds 'and its address leaves app.conf' inside ingress sh -c "! grep $second_at /etc/nginx/conf.d/app.conf"
docker start "$run_id-second" >/dev/null
within 30 both
served=$(asks)
succeeds "it comes back ($served)" both
