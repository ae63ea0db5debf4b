# What is in the image.
throw_away() { docker run --rm --net none --entrypoint sh "$image" -c "$1" 2>&1; }
pinned() { sed -n '/"node_modules\/node": {/,/}/s/.*"version": "\(.*\)".*/v\1/p' "$root/package-lock.json"; }

succeeds 'upstreamd -version answers' docker run --rm --net none "$image" -version
is 'the Node inside is the pinned one' "$(pinned)" "$(throw_away '/opt/upstreamd/bin/node --version')"
is "Debian's default site is gone" '' "$(throw_away 'ls -A /etc/nginx/sites-enabled')"
is 'what upstreamd ships is also in /etc/ctmpl' '' "$(throw_away 'diff -r /opt/upstreamd/ctmpl /etc/ctmpl')"
succeeds 'nginx accepts its configuration as installed' throw_away 'nginx -t'
is 'the image does not tell which registry it was built with' '' "$(docker history --no-trunc --format '{{.CreatedBy}}' "$image" | grep -i 'registry=')"
docker run --rm --net none "$image" -no-such-flag >/dev/null 2>&1
is 'a flag nobody knows ends with 64' 64 $?
