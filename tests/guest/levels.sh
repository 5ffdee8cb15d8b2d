#!/bin/sh
# The levels bind, guard and strict: what a command finds at each, and that nothing less is ever started.
# kernels: once alpine-6.18
# processors: all
# modules: vrf dummy
# timeout: 120
ip link add mgmt type vrf table 10
ip link set mgmt up
ip link add eth0 type dummy
ip link set eth0 master mgmt
ip link set eth0 up
ip addr add 10.20.30.40/24 dev eth0
ip link add eth1 type dummy
ip addr add 203.0.113.40/24 dev eth1
ip link set eth1 up
ip link set lo up
tree=/sys/fs/cgroup

# attached CGROUP: the names of the programs that stand there
attached() {
    bpftool -j cgroup show "$tree$1" | jq -r '.[].name' | sort
}
# A newer bpftool asks 5.10 for hooks that it has not got, and gives up: there it is not asked.
programs() {
    case $(uname -r) in
    5.10.*) ;;
    *) equal "$@" ;;
    esac
}
# hex NAME: the index of an interface as programs' names have it
hex() {
    printf '%08x' "$(cat "/sys/class/net/$1/ifindex")"
}
# socket FAMILY PROTOCOL WRAPPER...: what the kernel says to a stream socket of that kind; nothing if it makes one
socket() {
    family=$1 protocol=$2
    shift 2
    "$@" /usr/bin/socat -u /dev/null "SOCKET-CONNECT:$family:$protocol:x00000000000000000000000000000000" 2>&1 |
        sed -n 's/.* socket(.*): //p'
}

case_ guard_is_the_default
run /vrf-launch mgmt -- cat /proc/self/cgroup
equal 'its cgroup' "$out" 0::/vrf-launch-guard/vrf/mgmt
programs 'programs' "$(attached /vrf-launch-guard/vrf/mgmt | sed 's/vlpass_.*/vlpass/; s/vljoin_.*/vljoin/' | tr '\n' ' ')" "vlguar_$(hex mgmt) vljoin vlpass vlpass "
for level in bind guard strict; do
    background /vrf-launch --isolation $level mgmt -- sleep 100
    soon grep -q sleep "/proc/$pid/comm"
    equal "cgroup of $level" "$(cat "/proc/$pid/cgroup")" 0::/vrf-launch-$level/vrf/mgmt
    equal "ip vrf identify at $level" "$(ip vrf identify "$pid")" mgmt
done
programs 'programs of bind' "$(attached /vrf-launch-bind/vrf/mgmt)" "vlbind_$(hex mgmt)"
programs 'strict has one more' "$(attached /vrf-launch-strict/vrf/mgmt | grep -c vlkeep)" 1

case_ configuration_says_the_level
printf 'iface mgmt\n    vrf-table 10\n    vrf-isolation bind\n' >/tmp/conf
run /vrf-launch -c /tmp/conf mgmt -- cat /proc/self/cgroup
equal 'as it says' "$out" 0::/vrf-launch-bind/vrf/mgmt
run /vrf-launch -c /tmp/conf --isolation=strict mgmt -- cat /proc/self/cgroup
equal 'but for the command line, whose cgroup namespace begins there' "$out" 0::/
run /vrf-launch --isolation tight mgmt -- echo started
equal 'another one' "$status$out" 100
match 'message' "$err" 'bind, guard, strict'

case_ mptcp_is_refused_so_that_programs_take_tcp
# Debian's 5.10 has none.
case $(uname -r) in
5.10.*) without='Protocol not supported' ;;
*) without='' ;;
esac
equal 'it is there' "$(socket 2 262 env)" "$without"
equal 'and at bind' "$(socket 2 262 /vrf-launch --isolation bind mgmt --)" "$without"
for level in guard strict; do
    equal "IPv4 at $level" "$(socket 2 262 /vrf-launch --isolation $level mgmt --)" 'Protocol not supported'
    equal "IPv6 at $level" "$(socket 10 262 /vrf-launch --isolation $level mgmt --)" 'Protocol not supported'
    equal "TCP at $level" "$(socket 2 6 /vrf-launch --isolation $level mgmt --)" ''
done

case_ families_whose_sockets_are_the_kernels_are_refused
for family in 21 30 33 41 43; do
    equal "family $family" "$(socket $family 0 /vrf-launch mgmt --)" 'Address family not supported by protocol'
done

case_ descriptors_are_not_handed_on_by_accident
descriptors() {
    (
        exec 3</etc/passwd 4</etc/passwd 7</etc/passwd 9</etc/passwd
        exec "$@" /busybox/ls /proc/self/fd
    ) | tr '\n' ' '
}
# ls itself opens the lowest one that is free.
equal 'at bind' "$(descriptors /vrf-launch --isolation bind mgmt --)" '0 1 2 3 4 5 7 9 '
equal 'at guard' "$(descriptors /vrf-launch mgmt --)" '0 1 2 3 '
equal 'kept' "$(descriptors /vrf-launch --keep-fd 7 --keep-fd=9 mgmt --)" '0 1 2 3 7 9 '
# shellcheck disable=SC2016 # for the inner shell
equal 'socket activation' "$(descriptors sh -c 'LISTEN_FDS=2 LISTEN_PID=$$ exec "$@"' sh /vrf-launch mgmt --)" '0 1 2 3 4 5 '
equal 'of somebody else' "$(LISTEN_FDS=2 LISTEN_PID=1 descriptors /vrf-launch mgmt --)" '0 1 2 3 '

case_ strict_takes_what_root_could_get_out_with
strict() {
    run /vrf-launch --isolation strict mgmt -- "$@"
}
strict cat /proc/self/status
equal 'no_new_privs' "$(echo "$out" | sed -n 's/^NoNewPrivs:\t//p')" 1
for set in Prm Eff Bnd; do
    equal "capabilities, Cap$set" "$(echo "$out" | sed -n "s/^Cap$set:\t//p")" 0000000023844cf9
done
run /vrf-launch --isolation strict --no-new-privs no mgmt -- cat /proc/self/status
equal 'no_new_privs, if not wanted' "$(echo "$out" | sed -n 's/^NoNewPrivs:\t//p')" 0
strict sh -c "echo 0 >$tree/cgroup.procs"
match 'the cgroup tree' "$err" 'Read-only'
strict mount -o remount,bind,rw $tree
refuse 'it cannot be made writable again' test "$status" = 0
strict mount -t cgroup2 none /mnt
refuse 'nor mounted elsewhere' test "$status" = 0
strict sh -c 'echo x >/proc/sys/kernel/core_pattern'
match 'helpers of the kernel' "$err" 'Read-only'
strict sh -c 'echo add >/sys/class/net/eth1/uevent'
match '/sys' "$err" 'Read-only'
strict unshare -U true
refuse 'user namespaces' test "$status" = 0
strict ip link set eth0 nomaster
refuse 'rtnetlink' test "$status" = 0
strict cat /proc/self/cgroup
equal 'its own cgroup' "$out" 0::/
equal 'outside all is as it was' "$(cat /proc/sys/kernel/core_pattern; grep -c " $tree .*ro," /proc/mounts)" "$(cat /proc/sys/kernel/core_pattern)
0"

case_ a_socket_cannot_be_bound_again_at_strict
rebound() {
    run "$@" /usr/bin/socat -u /dev/null UDP4-SENDTO:203.0.113.1:9,so-bindtodevice=eth1
}
rebound /vrf-launch --isolation bind mgmt --
equal 'root can at bind' "$status" 0
rebound /vrf-launch --isolation strict mgmt --
match 'and not at strict' "$err" 'Operation not permitted'

case_ a_vrf_made_anew_is_noticed_and_up_repairs_its_services
cat >/tmp/conf <<'EOF2'
auto eth0
iface eth0
    vrf mgmt
auto mgmt
iface mgmt
    vrf-table 10
EOF2
mkfifo /tmp/orders
# shellcheck disable=SC2016 # for the inner shell
background /vrf-launch mgmt -- sh -c 'exec 3<>/tmp/orders; while read -r port <&3; do /usr/bin/socat "TCP4-LISTEN:$port" - & done'
echo 7001 >/tmp/orders
soon sh -c "ss -Hltn | grep -q %mgmt:7001" || fail 'not bound at first'
ip link del mgmt
ip link add mgmt type vrf table 10
echo 7002 >/tmp/orders
sleep 1
refuse 'it is stale now' sh -c "ss -Hltn | grep -q %mgmt:7002"
expect 'up' /vrf-launch -c /tmp/conf up
echo 7003 >/tmp/orders
soon sh -c "ss -Hltn | grep -q %mgmt:7003" || fail 'not repaired'
programs 'programs' "$(attached /vrf-launch-guard/vrf/mgmt | sed 's/vlpass_.*/vlpass/; s/vljoin_.*/vljoin/' | tr '\n' ' ')" "vlguar_$(hex mgmt) vljoin vlpass vlpass "
before=$(attached /vrf-launch-guard/vrf/mgmt)
expect 'up again' /vrf-launch -c /tmp/conf up
equal 'changes nothing' "$(attached /vrf-launch-guard/vrf/mgmt)" "$before"

case_ less_than_asked_for_is_not_started
run setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin /vrf-launch mgmt -- echo started
equal 'exit code without CAP_SYS_ADMIN' "$status$out" 111
match 'message' "$err" '^vrf-launch: cannot '
mount -o remount,ro $tree
run /vrf-launch --isolation guard mgmt -- echo started
mount -o remount,rw $tree
