# A docker to test with, a base image, and how everything is taken away again.
run_id=upstreamd-test-$$
network=
bridge=
dockerd=
base=${BASE:-}
image=$run_id

# need COMMAND PACKAGE: what is missing is installed, if that can be done here
need() {
  PATH=$PATH:/usr/sbin:/sbin
  command -v "$1" >/dev/null && return
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || skip "$1 is missing, and only root on a Debian machine could install it"
  local policy=/usr/sbin/policy-rc.d made=
  if [ ! -e "$policy" ]; then # keeps the package from starting a daemon of its own
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" && made=yes
  fi
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2"; } >"$work/apt.log" 2>&1
  [ -z "$made" ] || rm -f "$policy"
  command -v "$1" >/dev/null || skip "$1 is missing, and apt-get could not install $2: $(tail -n 1 "$work/apt.log")"
}

consul_binary() {
  local found
  for found in "$root/.cache/bin/consul" "$(command -v consul)"; do
    [ -x "$found" ] && readlink -f "$found" && return
  done
  return 1
}

# The docker that runs, else one of our own, which leaves the host's network as it is.
use_docker() {
  docker info >/dev/null 2>&1 && return
  [ "$(id -u)" = 0 ] || skip 'no docker daemon answers, and only root could start one'
  command -v dockerd >/dev/null || skip 'no docker daemon answers, and there is no dockerd to start'
  export DOCKER_HOST=unix://$work/docker.sock
  # In a session of its own: a Ctrl-C must not end it before the containers are gone.
  setsid dockerd --data-root "$work/data" --exec-root "$work/exec" -H "$DOCKER_HOST" -p "$work/docker.pid" \
    --bridge=none --iptables=false --ip-forward=false --userland-proxy=false >"$work/dockerd.log" 2>&1 &
  dockerd=$!
  within 30 eval 'docker info || ! kill -0 $dockerd'
  docker info >/dev/null 2>&1 || skip "dockerd does not start: $(grep -E 'level=(error|fatal)|failed' "$work/dockerd.log" | tail -n 1)"
}

# What docker would fetch as debian:bookworm-slim, made here, and able to reach what this machine reaches.
make_base() {
  if [ -z "$base" ]; then
    base=$run_id-base
    local plain=$cache/bookworm-$(dpkg --print-architecture).tar
    [ -e "$plain" ] || bootstrap "$plain"
    overlay "$work/overlay"
    docker import - "$base" <"$plain" >"$work/import.log" 2>&1 || skip "docker import fails: $(tail -n 1 "$work/import.log")"
    printf 'FROM %s\nCOPY files /\n' "$base" >"$work/overlay/Dockerfile"
    docker build -t "$base" "$work/overlay" >"$work/base.log" 2>&1 || skip "docker build fails: $(tail -n 1 "$work/base.log")"
  fi
  docker run --rm --net none "$base" true >"$work/run.log" 2>&1 || skip "no container can be run here: $(tail -n 1 "$work/run.log")"
}

bootstrap() {
  need debootstrap debootstrap
  local site
  site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -v security | sort -u | head -n 1)
  [ -n "$site" ] || skip 'apt on this machine names no mirror; give BASE=image'
  mkdir -p "$cache"
  debootstrap --variant=minbase bookworm "$work/bookworm" "$site" >"$work/debootstrap.log" 2>&1 ||
    skip "debootstrap fails: $(tail -n 1 "$work/debootstrap.log")"
  rm -rf "$work"/bookworm/var/cache/apt/archives/*.deb "$work"/bookworm/var/lib/apt/lists/*
  tar -C "$work/bookworm" -c . >"$1.$$" && mv "$1.$$" "$1"
  rm -rf "$work/bookworm"
}

# This machine's mirrors and authorities, and what keeps packages from starting daemons in the public image, too.
overlay() {
  local files=$1/files mirrors
  mkdir -p "$files/etc/apt/apt.conf.d" "$files/usr/sbin" "$files/usr/local/share/ca-certificates"
  mirrors=$(apt-get indextargets --format 'deb $(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' | grep ' bookworm' | sort -u)
  [ -z "$mirrors" ] || printf '%s\n' "$mirrors" >"$files/etc/apt/sources.list"
  apt-config dump --format '%F "%v";%n' Acquire::http Acquire::https Acquire::Check-Valid-Until Acquire::Check-Date >"$files/etc/apt/apt.conf.d/99host"
  cp /usr/local/share/ca-certificates/*.crt "$files/usr/local/share/ca-certificates/" 2>/dev/null
  printf '#!/bin/sh\nexit 101\n' >"$files/usr/sbin/policy-rc.d"
  chmod 755 "$files/usr/sbin/policy-rc.d"
}

build_image() {
  local registry
  registry=$(npm config get registry 2>/dev/null)
  docker build --network host --build-arg BASE="$base" ${registry:+--build-arg NPM_CONFIG_REGISTRY="$registry"} -t "$image" "$root"
}

megabytes_of() {
  docker image inspect --format '{{.Size}}' "$1" | awk '{ printf "%.0f MB", $1 / 1e6 }'
}

make_network() {
  docker network create --subnet 10.233.0.0/16 calico >"$work/network.log" 2>&1 ||
    skip "no network calico can be made: $(tail -n 1 "$work/network.log")"
  network=calico
  # Where an earlier docker left the kernel's FORWARD policy at DROP, a bridge needs a rule; our dockerd makes none.
  [ -n "$dockerd" ] && command -v iptables >/dev/null || return 0
  bridge=br-$(docker network inspect --format '{{.Id}}' calico | cut -c 1-12)
  iptables -I FORWARD -i "$bridge" -o "$bridge" -j ACCEPT 2>/dev/null || bridge=
}

# start NAME ARGUMENTS…: a container in the background
start() {
  docker run -d --label "$run_id" --name "$run_id-$1" "${@:2}" >/dev/null
}

# inside NAME COMMAND…
inside() {
  docker exec "$run_id-$1" "${@:2}"
}

# inspect NAME FORMAT
inspect() {
  docker inspect --format "$2" "$run_id-$1"
}

log_of() {
  docker logs "$run_id-$1" 2>&1
}

discard() {
  docker rm -f -v "$run_id-$1" >/dev/null 2>&1
}

cleanup() {
  local status=$?
  trap - EXIT INT TERM
  docker ps -aq --filter "label=$run_id" 2>/dev/null | xargs -r docker rm -f -v >/dev/null 2>&1
  [ -z "$bridge" ] || iptables -D FORWARD -i "$bridge" -o "$bridge" -j ACCEPT
  [ -z "$network" ] || docker network rm "$network" >/dev/null 2>&1
  if [ -n "$dockerd" ]; then
    kill "$dockerd" 2>/dev/null
    wait "$dockerd" 2>/dev/null
  else
    docker rmi "$run_id" "$run_id-base" >/dev/null 2>&1
  fi
  awk -v work="$work/" 'index($2, work) == 1 { print $2 }' /proc/mounts | sort -r | while read -r mount; do umount "$mount"; done
  rm -rf "$work"
  exit "$status"
}
