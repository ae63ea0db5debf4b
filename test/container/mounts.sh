# The same with the three folders that users mount, then with a single file.
docker run --rm --net none --entrypoint tar "$image" -C /etc -c nginx ctmpl | tar -x -C "$work"
mkdir "$work/logs"
start mounted --net=calico --ip=$ingress_at \
  -v "$work/nginx:/etc/nginx" -v "$work/ctmpl:/etc/ctmpl" -v "$work/logs:/var/log/nginx" "$image" "${drop_in[@]}"
serves 'mounted folders' mounted
succeeds 'mounted folders: app.conf is on the host' grep -q $first_at "$work/nginx/conf.d/app.conf"
succeeds 'mounted folders: the access log is on the host' grep -q '"GET / HTTP/1.1" 200' "$work/logs/access.log"
sed -i 's/# service /# changed on the host, service /' "$work/ctmpl/ingress.conf.njk"
is_rendered() { grep -q 'changed on the host' "$work/nginx/conf.d/app.conf"; }
within 30 is_rendered
succeeds 'mounted folders: an edited template is rendered' is_rendered
stops 'mounted folders' mounted
discard mounted

: >"$work/app.conf"
start single --net=calico --ip=$ingress_at -v "$work/app.conf:/etc/nginx/conf.d/app.conf" "$image" "${drop_in[@]}"
serves 'a mounted file' single
is 'a mounted file: says once that its folder is better' 1 "$(log_of single | grep -c 'mount its folder instead')"
stops 'a mounted file' single
discard single
