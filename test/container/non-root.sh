# With less than root: first upstreamd's own nginx.conf and a state folder that the user may write.
own=(-consul-addr=$consul_at:8500 -tag=calico -domain=flyclock.cn)
users() { inside "$1" sh -c 'for p in /proc/[0-9]*; do grep -qx nginx $p/comm && stat -c %u $p; done' 2>/dev/null | sort -u; }

start anyone --net=calico --ip=10.233.49.101 --user 12345:12345 --health-cmd 'upstreamd healthcheck -state-dir=/tmp/state' \
  "$image" "${own[@]}" -listen=8080 -state-dir=/tmp/state
serves '--user 12345, port 8080' anyone 10.233.49.101:8080
is '--user 12345: nginx runs as that user' 12345 "$(users anyone)"
becomes_healthy '--user 12345, asked about its -state-dir' anyone
stops '--user 12345' anyone
discard anyone

start plain --net=calico --ip=10.233.49.102 --user upstreamd --cap-drop=ALL "$image" "${own[@]}" -listen=8080
serves '--user upstreamd --cap-drop=ALL, port 8080' plain 10.233.49.102:8080
becomes_healthy '--user upstreamd' plain
stops '--user upstreamd' plain
discard plain

start tight --net=calico --ip=10.233.49.103 --user upstreamd --cap-drop=ALL --read-only --tmpfs /tmp "$image" "${own[@]}"
serves '--user upstreamd --cap-drop=ALL --read-only, port 80' tight 10.233.49.103
stops '--read-only' tight
discard tight

# Root with no more capabilities than nginx needs to become www-data: Debian's nginx.conf, adopted.
start three --net=calico --ip=$ingress_at --cap-drop=ALL --cap-add=SETUID --cap-add=SETGID --cap-add=CHOWN "$image" "${drop_in[@]}"
serves 'drop-in with three capabilities' three
stops 'three capabilities' three
discard three
