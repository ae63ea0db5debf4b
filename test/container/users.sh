# The users' own command, template and reload script, as they are: only the image's name is another.
users=(-consul-addr=$consul_at:8500 -wait=5s
  -template=/etc/ctmpl/ctmpl:/etc/nginx/conf.d/app.conf:/tmp/nginx.sh)
setup=$root/test/fixtures/user-setup

mkdir -p "$work/users/ctmpl" "$work/users/logs"
docker run --rm --net none --entrypoint tar "$image" -C /etc/nginx -c . | { mkdir "$work/users/conf" && tar -x -C "$work/users/conf"; }
cp "$setup/app.ctmpl" "$work/users/ctmpl/ctmpl"
start users --net=calico --ip=$ingress_at -v "$work/users/conf:/etc/nginx" -v "$work/users/ctmpl:/etc/ctmpl" \
  -v "$work/users/logs:/var/log/nginx" -v "$setup/nginx.sh:/tmp/nginx.sh:ro" "$image" "${users[@]}"
serves 'their command' users
succeeds 'their command: their script has started nginx' inside users sh -c 'test -s /run/nginx.pid && kill -0 $(cat /run/nginx.pid)'
succeeds 'their command: both servers are in app.conf, as their template says it' \
  grep -q "^ server $first_at:80 max_fails=3 fail_timeout=60 weight=1;\$" "$work/users/conf/conf.d/app.conf"

# What consul-template writes for the same catalog, where there is one.
peer=${CONSUL_TEMPLATE_BIN:-$(command -v consul-template)}
if [ -x "$peer" ]; then
  docker run --rm --label "$run_id" --net=calico -v "$peer:/usr/local/bin/consul-template:ro" -v "$work/users/ctmpl:/etc/ctmpl:ro" \
    -v "$work/users:/out" --entrypoint consul-template "$image" -consul-addr=$consul_at:8500 -once -template=/etc/ctmpl/ctmpl:/out/theirs >/dev/null 2>&1
  succeeds 'their command: byte for byte what consul-template writes' cmp "$work/users/theirs" "$work/users/conf/conf.d/app.conf"
fi

register 'a-bad-one' bad-1 'x; } server { listen 81' >/dev/null
register late-test late-1 $second_at
# Their template has no default server: until then any service answers for it.
is_late() {
  grep -q 'server_name late.test.flyclock.cn;' "$work/users/conf/conf.d/app.conf" &&
    for _ in 1 2 3; do [ "$(http -H 'Host: late.test.flyclock.cn' http://$ingress_at 2>/dev/null)" = second ] || return; done
}
within 30 is_late
succeeds 'their command: a new service is served, beside one that would open a port' is_late
succeeds 'their command: and that one is not in app.conf' sh -c "! grep -q 'listen 81' '$work/users/conf/conf.d/app.conf'"
stops 'their command' users
discard users
