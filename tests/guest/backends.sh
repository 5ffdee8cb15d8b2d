#!/bin/sh
# Each kernel reaches the backend and the level that kernels.txt says, in silence; and the traps of old ones.
# kernels: all
# processors: all
# modules: vrf veth dummy
# source: faults.c
# timeout: 90
ip link add mgmt type vrf table 10
ip link set mgmt up
ip link add eth0 type dummy
ip link set eth0 master mgmt
ip link set eth0 up
ip addr add 10.20.30.40/24 dev eth0
ip link add eth1 type dummy
ip addr add 203.0.113.40/24 dev eth1
ip link set eth1 up
for family in 4 6; do
    ip -$family rule add pref 2000 l3mdev unreachable
    ip -$family rule add pref 32765 table local
    ip -$family rule del pref 0
done
release=$(uname -r)
backend=''
while read -r of backend_ level_ memlock_ send_ cookie_; do
    case $of,$release in
    '#'*) ;;
    "$of,$of".* | "$of,$of"-*) backend=$backend_ level=$level_ memlock=$memlock_ send=$send_ cookie=$cookie_ ;;
    esac
done </test/kernels.txt

case_ the_kernel_is_in_the_table
expect "a line for $release" test -n "$backend"
echo "# $release: $backend, $level"

case_ it_reaches_what_the_table_says
run /vrf-launch mgmt -- cat /proc/self/cgroup
equal 'by default, without a word' "$status$err" 0
case $backend in
cgroup) equal 'its cgroup' "$out" 0::/vrf-launch-guard/vrf/mgmt ;;
*) equal 'none' "$out" 0::/ ;;
esac
run /vrf-launch --isolation "$level" mgmt -- /usr/bin/faults service mgmt "$level"
equal "at $level" "$status$out$err" 0kept
run /vrf-launch --bind seccomp mgmt -- /usr/bin/faults service mgmt seccomp
equal 'and by seccomp' "$status$out$err" 0kept
equal 'and check says so' "$(/vrf-launch check >/tmp/said 2>&1; echo $?)" 0 || shown </tmp/said

case_ mptcp_is_refused_so_that_programs_take_tcp
# Whether the kernel has none, or the guard takes it: programs go on with TCP.
run /vrf-launch mgmt -- /usr/bin/socat -u /dev/null SOCKET-CONNECT:2:262:x00000000000000000000000000000000
match 'guard' "$err" 'Protocol not supported'

case_ little_memory_may_be_locked
# Before 5.11 a program counts as such, and 64 KiB are usual.
run sh -c 'ulimit -l 8; exec "$@"' sh setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock \
    /vrf-launch --isolation strict mgmt -- sh -c 'ulimit -l'
equal 'it starts, and finds its own limit' "$status$out$err" 08
equal 'whether that is so here' "$memlock" "$(case $release in 5.10*) echo yes ;; *) echo no ;; esac)"

case_ descriptors_are_handed_over_in_as_many_steps_as_it_takes
run strace -f -e trace=ioctl -o /tmp/trace /vrf-launch --bind seccomp mgmt -- /usr/bin/faults service mgmt seccomp
equal 'kept' "$out" kept
refused=$(grep -c 'ADDFD.*EINVAL' /tmp/trace)
case $send in
yes) equal 'in one' "$refused" 0 ;;
no) refuse 'in two' test "$refused" = 0 ;;
esac

case_ the_record_has_a_name
printf 'auto other\niface other\n    vrf-table 11\n' >/tmp/conf
expect 'up' /vrf-launch -c /tmp/conf up
inode=$(readlink /proc/self/ns/net | tr -dc 0-9)
name=$(printf 'net-*%x' "$inode")
case $cookie in
no) expect 'of the inode' sh -c "test -s /run/vrf-launch/$name" ;;
yes) refuse 'of the inode' sh -c "test -s /run/vrf-launch/$name" ;;
esac
expect 'down' /vrf-launch -c /tmp/conf down
refuse 'which down finds' ip link show other
