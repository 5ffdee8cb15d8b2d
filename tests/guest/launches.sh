#!/bin/sh
# A fault at each system call of a launch, by each backend and at each level (faults.c): whatever fails, or is killed, the
# service is not started or is kept in its VRF as the level promises, and nothing reaches the wire that is forbidden. The
# next launch is as ever. And of `init`, which never ends by a fault, and whose services are kept likewise.
#
# Here every 61st fault; with `trust=1` on the kernel's command line (make trust) all of them.
# processors: all
# kernels: debian-6.1
# modules: vrf veth dummy
# source: faults.c
# timeout: 150
# trust: 5400
far lan eth0 10.20.30.1/24
far net eth1 203.0.113.1/24
ip link add mgmt type vrf table 10
ip link set mgmt up
ip link set eth0 master mgmt
for pair in eth0=10.20.30.40/24 eth1=203.0.113.40/24; do
    ip link set "${pair%=*}" up
    ip addr add "${pair#*=}" dev "${pair%=*}"
done
for family in 4 6; do
    ip -$family rule add pref 2000 l3mdev unreachable
    ip -$family rule add pref 32765 table local
    ip -$family rule del pref 0
done
background ip netns exec net faults echo 7
escapes=$log
pids=''
sleep 1

# kept WORD...: a launch that is told so starts the service, which is kept
kept() {
    # shellcheck disable=SC2086 # words
    run "$@" /vrf-launch $options mgmt -- /usr/bin/faults service mgmt "$level" 7</etc/passwd
}
at_launch() {
    kept faults "$@"
    case $status$out in
    0kept) ;;
    125kept) unreached=1 ;;
    100 | 111 | 126 | 127 | 137) ;;
    139) [ "$3" -le 2 ] || lost 'it crashed' ;; # in musl's start code: nothing has begun
    *) lost "exit code $status: $out" ;;
    esac
    [ ! -s "$escapes" ] || lost 'something got out'
    : >"$escapes"
    kept env
    equal 'the next launch' "$status$out" 0kept || lost 'the next launch'
}
# launches WHAT LEVEL OPTION...
launches() {
    what=$1 level=$2
    shift 2
    options=$*
    kept env
    equal "$what, without a fault" "$status$out" 0kept
    # shellcheck disable=SC2086 # words
    faults list /vrf-launch $options mgmt -- /usr/bin/faults service mgmt "$level" >/tmp/said 2>&1 7</etc/passwd
    cp /tmp/points /tmp/points.launch
    points "launch, $what" 61 /tmp/points.launch at_launch
}

case_ the_service_says_what_is_wrong
run faults service mgmt bind
equal 'outside' "$out" 'a socket is not bound'
level=guard options='--isolation bind'
kept env
equal 'at a level below' "$out" 'a datagram of a freed socket got out'
soon test -s "$escapes" || fail 'the wire shows nothing'
: >"$escapes"
level=strict options='--isolation guard'
kept env
equal 'at guard' "$out" 'a socket was bound to another interface'

case_ launches
launches bind bind --isolation bind --bind cgroup
launches guard guard --isolation guard
launches strict strict --isolation strict
launches auto seccomp
launches seccomp seccomp --bind seccomp
launches 'guard, a user and a socket' guard --isolation guard --listen tcp:80 --user nobody --chdir /tmp

case_ init
root=/tmp/root
mkdir -p $root/etc $root/proc $root/sys $root/dev $root/run $root/tmp $root/bin
cp /vrf-launch /usr/bin/faults $root
cp /busybox/busybox $root/bin
# The probe's word goes into a file, and the machine is asked to end.
cat >$root/service <<'END'
#!/bin/busybox sh
/faults service mgmt guard >/said
/bin/busybox kill -TERM 1
END
chmod +x $root/service
cat >$root/etc/vrf-launch.conf <<'END'
auto mgmt
iface mgmt
    vrf-table 10
auto probe
service probe
    vrf mgmt
    exec /service
    isolation guard
    respawn no
END
first() {
    : >$root/said
    NEW=$root run faults "$@" /vrf-launch
    said=$(cat $root/said)
}
at_init() {
    first "$@"
    case $status$said in
    139) [ "$3" -le 2 ] || lost 'it crashed' ;;
    129 | 129kept) ;; # it ended by the signal that it was sent, by its service or for want of one
    137*) [ "$1$2" = kill0 ] || lost 'it was killed' ;;
    *) lost "the first process ended with $status: $said" ;;
    esac
    [ "$status" != 124 ] || lost 'it does not end'
}
first list
equal 'without a fault' "$status$said" 129kept
cp /tmp/points /tmp/points.init
points init 181 /tmp/points.init at_init
