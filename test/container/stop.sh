# Orphans, signals, and what comes after them.
is 'process 1 is tini' tini "$(inside ingress cat /proc/1/comm)"
processes() { inside ingress sh -c 'cat /proc/[0-9]*/stat 2>/dev/null' | grep -c "$1"; }
inside ingress sh -c 'for i in $(seq 100); do (sleep 2 </dev/null >/dev/null 2>&1 &); done'
is '100 orphans belong to process 1' 100 "$(processes '(sleep) S 1 ')"
sleep 2
none_left() { [ "$(processes '(sleep)')" = 0 ]; }
within 5 none_left
is 'and are reaped when they end' 0 "$(processes '(sleep)')"
is 'no zombie is left' 0 "$(processes ') Z ')"

# A backend that answers late, or never.
start slow --net=calico --ip=10.233.49.200 --entrypoint /opt/upstreamd/bin/node "$image" \
  -e "require('http').createServer((q, a) => setTimeout(() => a.end('late'), q.url === '/late' ? 2500 : 3600e3)).listen(80)"
register slow slow 10.233.49.200
is_routed() { inside ingress grep -q 10.233.49.200 /etc/nginx/conf.d/app.conf; }
within 30 is_routed
sleep 1
slow() { curl -sS --noproxy '*' --max-time 60 -H 'Host: slow.flyclock.cn' "http://$ingress_at/$1" 2>&1; }
slow late >"$work/late" &
request=$!
sleep 0.5
from=$(now)
docker stop "$run_id-ingress" >/dev/null
took=$(seconds_since "$from")
wait $request
is "docker stop lets a request end ($took s)" late "$(cat "$work/late")"
is 'and ends with 0' 0 "$(inspect ingress '{{.State.ExitCode}}')"

docker start "$run_id-ingress" >/dev/null
serves 'docker start' ingress
slow never >/dev/null &
request=$!
sleep 0.5
from=$(now)
docker stop "$run_id-ingress" >/dev/null
took=$(seconds_since "$from")
wait $request
succeeds "a request that hangs does not hold docker stop beyond docker's 10 s ($took s)" is_below "$took" 9.8
is 'and ends with 0, too' 0 "$(inspect ingress '{{.State.ExitCode}}')"
discard slow

docker start "$run_id-ingress" >/dev/null
serves 'docker start once more' ingress
stops 'drop-in' ingress
succeeds 'an orderly stop says so' grep -q 'daemon.stopped' <<<"$(log_of ingress | tail -n 1)"

docker start "$run_id-ingress" >/dev/null
within 30 ask
inside ingress sh -c 'for p in /proc/[0-9]*; do [ "$(readlink $p/exe)" = /opt/upstreamd/bin/node ] && kill -9 ${p#/proc/}; done'
was_restarted() { [ "$(inspect ingress '{{.RestartCount}}')" = 1 ]; }
within 20 was_restarted
serves 'upstreamd killed, restarted by docker' ingress

discard consul
docker kill "$run_id-ingress" >/dev/null
docker start "$run_id-ingress" >/dev/null
serves 'killed, started without Consul' ingress
becomes_healthy 'killed, started without Consul' ingress
stops 'without Consul' ingress
discard ingress
start_consul || stop_at 'Consul comes back' "$(log_of consul | tail -n 20)"
