#!/bin/sh
# Runs the real docker-compose.yml under podman, from empty volumes to the end of a run: three
# nodes, two rounds. For a machine without Docker, and without an image registry.
#   apt-get install podman podman-compose debootstrap runc
#   sh tests/compose/run.sh            # all parts; or those that are named:
#   sh tests/compose/run.sh shipped    # a data set that all have
#   sh tests/compose/run.sh tables     # a table of its own for each node
# It needs root, and removes what it started; the images stay. What is peculiar to a machine
# comes from the environment:
#   CONTAINERS_CONF, CONTAINERS_STORAGE_CONF  as podman has them
#   ANML_BUILD_CONF   a CONTAINERS_CONF for building alone (the host's network, pip's settings)
#   ANML_BASE_IMAGE   a base with Python >= 3.11 and venv, if debootstrap is not to make one
#   ANML_BUILT        1 if the images are there already, from a run before
#   DEBIAN_MIRROR     where debootstrap finds Debian
#   ANML_WARM         1 for warm client processes
# It leaves with 0 if everything held.
set -eu
cd "$(dirname "$0")/../.."

project=anml-check limit=120
base=${ANML_BASE_IMAGE:-localhost/anml-base:bookworm}
image=localhost/anml:check database=localhost/anml-postgres:check
account=10001
all=$(mktemp -d)
work=$all mounted=

say() { echo "== $*"; }
fail() { echo "FAILED: $*"; exit 1; }
compose() { (cd "$work" && podman-compose -p $project "$@") >> "$work/compose.log" 2>&1; }
container() { echo "${project}_$1_1"; }
build() { CONTAINERS_CONF=${ANML_BUILD_CONF:-${CONTAINERS_CONF:-}} podman build -q "$@" > /dev/null; }
free_port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
# Nothing of this machine gets into the log.
shown() { sed -e "s|$work|WORK|g" -e "s|$all|WORK|g" -e "s|$(uname -n)|HOST|g" -e 's/[[:space:]]*$//'; }
in_image() {
    podman run --rm -i --network host --read-only --user $account:$account \
        -v "$all:$all:ro" -w "$work" $image "$@"
}
# Makes a federation by `anml up`, under the account that its containers will have.
begin() {
    work=$all/$1
    shift
    mkdir -p "$work/runs"
    cp docker-compose.yml "$work"
    chown -R $account:$account "$all"
    chmod 755 "$all" "$work"
    say "anml up $*" | shown
    said=$(podman run --rm --network host --user $account:$account -v "$all:$all" -w "$work" \
        $image anml up "$@") || fail "anml up"
    echo "$said" | shown
    cat >> "$work/.env" << END
ANML_IMAGE=$image
ANML_POSTGRES_IMAGE=$database
ANML_PORT=$(free_port)
ANML_PAGE_PORT=$(free_port)
END
    [ "${ANML_WARM:-0}" = 0 ] || sed -i 's/^ANML_WARM=.*/ANML_WARM=1/' "$work/.env"
}
# Starts it from empty volumes.
start() {
    load=$(cut -d ' ' -f 1 /proc/loadavg)
    say "up, from empty volumes (ANML_WARM=${ANML_WARM:-0}, $(nproc) cores, load before $load)"
    remove
    mounted=yes
    began=$(date +%s)
    # podman-compose 1.0 knows no profiles: the services are named.
    compose up -d --no-build postgres superlink page run supernode-0 supernode-1 supernode-2 ||
        fail "podman-compose up"
}
# Waits for the end of its run.
ended() {
    code=$(timeout 600 podman wait "$(container run)") || fail "the run did not end"
    seconds=$(($(date +%s) - began))
    podman logs "$(container run)" 2>&1 | shown
    echo "run left with $code after $seconds s"
    [ "$code" = 0 ] || fail "the run's exit status"
}
remove() {
    compose down -v || true
    podman network ls -q --filter "name=${project}_" | xargs -r podman network rm -f > /dev/null
    podman volume ls -q --filter "name=${project}_" | xargs -r podman volume rm -f > /dev/null
}
leave() {
    code=$?
    trap - EXIT INT TERM
    if [ $code != 0 ] && [ -n "$mounted" ]; then
        tail -n 20 "$work/compose.log" | shown
        for one in superlink postgres run supernode-0; do
            echo "-- $one"
            podman logs "$(container $one)" 2>&1 | grep -v -i 'list-\?runs' | tail -n 15 | shown
        done
    fi
    remove
    rm -rf "$all"
    exit $code
}
trap leave EXIT
trap 'exit 130' INT TERM

# ── Images ──────────────────────────────────────────────────────────────────────────────────
say "$(date -u +%Y-%m-%d), $(podman --version), podman-compose" \
    "$(podman-compose --version 2> /dev/null | sed -n 's/.*podman-compose.* version[: ]*//p' | head -n 1)"
if [ -z "${ANML_BUILT:-}" ]; then
    if ! podman image exists "$base"; then
        say "base image: debootstrap"
        debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm \
            "$all/base" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} > "$all/debootstrap.log"
        tar -C "$all/base" -c . | podman import -q - "$base" > /dev/null
        rm -rf "$all/base"
    fi
    began=$(date +%s)
    build --build-arg BASE_IMAGE="$base" -t $image .
    build --build-arg BASE_IMAGE="$base" -t $database tests/compose/postgres
    say "images built in $(($(date +%s) - began)) s"
fi

# ── What is asked for ───────────────────────────────────────────────────────────────────────
for part in ${*:-shipped tables}; do
    . "tests/compose/$part.sh"
done
