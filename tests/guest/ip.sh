#!/bin/sh
# `vrf-launch ip`, also by the name ip: as iproute2 does it, and without iproute2.
# kernels: once
# modules: vrf dummy
# timeout: 120
mkdir /tmp/bin
ln -s /vrf-launch /tmp/bin/ip
ours=/tmp/bin/ip
theirs=$(command -v ip)

# both COMMAND: does it in a namespace each, with iproute2 and with ours; the exit codes have to be the same
ip netns add theirs
ip netns add ours
both() {
    # shellcheck disable=SC2086 # words
    run on theirs "$theirs" $1
    wanted=$status
    # shellcheck disable=SC2086 # words
    run on ours $ours $1
    equal "exit code of: ip $1" "$status" "$wanted"
}
# normal: the state without indices that depend on nothing but chance
same() {
    on theirs sh -c '. /test/lib.sh; state' >/tmp/wanted
    on ours sh -c '. /test/lib.sh; state' >/tmp/got
    cmp -s /tmp/wanted /tmp/got || {
        fail "$1: the state is another"
        diff -U 0 /tmp/wanted /tmp/got | shown
    }
}

case_ changes_are_those_of_iproute2
while read -r command; do
    both "$command"
done <<'EOF2'
link set lo up
link add eth0 type dummy
link set dev eth0 address 02:00:00:00:00:01 mtu 1400
link set eth0 up
addr add 10.0.0.2/24 dev eth0
addr add 10.0.0.3/24 dev eth0
-6 addr add fd00::2/64 dev eth0 nodad
addr add 10.0.0.2/24 dev eth0
route add default via 10.0.0.1 dev eth0
-6 route add default via fd00::1 dev eth0
route add 192.0.2.0/24 via 10.0.0.9
route replace 192.0.2.0/24 via 10.0.0.8
route del 198.51.100.0/24
link add mgmt type vrf table 10
link set mgmt up
link add eth1 type dummy
link set eth1 master mgmt
link set eth1 up
route add 198.51.100.0/24 dev eth1 vrf mgmt
rule add pref 2000 l3mdev unreachable
-6 rule add pref 2000 l3mdev unreachable
rule add pref 100 from 10.9.0.0/16 table 77
rule del pref 100
rule del pref 101
addr del 10.0.0.3/24 dev eth0
link set nowhere up
addr add 10.0.0.300/24 dev eth0
link add mgmt type vrf table 11
EOF2
same 'in the end'

case_ flush
both 'addr add 10.0.0.4/24 dev eth0'
both 'addr flush dev eth0'
same 'in the end'
equal 'none is left' "$(on ours ip -j addr show eth0 | jq '.[0].addr_info | length')" 0

case_ another_namespace
run $ours -n ours link add eth5 type dummy
equal 'exit code' "$status$err" 0
expect 'it is there' on ours ip link show eth5
run $ours -netns nowhere link show
equal 'one that is not there' "$status" 1

case_ vrf_show_identify_pids_exec
both 'link add blue type vrf table 4000000000'
on theirs "$theirs" vrf show >/tmp/wanted
on ours $ours vrf show >/tmp/got
expect 'vrf show' cmp /tmp/wanted /tmp/got || cat -A /tmp/wanted /tmp/got | shown
on theirs "$theirs" vrf show blue >/tmp/wanted
on ours $ours vrf show blue >/tmp/got
expect 'of one' cmp /tmp/wanted /tmp/got
equal 'as JSON' "$(on ours $ours -j vrf show | jq -c .)" "$(on theirs "$theirs" -j vrf show | jq -c .)"
run on ours $ours vrf show nowhere
equal 'of one that is not there' "$status" 1
# shellcheck disable=SC2016 # for the inner shell
run on ours $ours vrf exec mgmt sh -c 'ip vrf identify $$'
equal 'exec' "$status$out" 0mgmt
background ip netns exec ours $ours vrf exec mgmt sleep 100
soon sh -c "ip netns exec ours ip vrf pids mgmt | grep -q sleep" || fail 'iproute2 does not see it'
equal 'pids' "$(on ours $ours vrf pids mgmt)" "$(on ours "$theirs" vrf pids mgmt)"
equal 'identify' "$(on ours $ours vrf identify "$pid")" mgmt
equal 'by the long name' "$(on ours /vrf-launch ip vrf identify "$pid")" mgmt
run on ours $ours vrf exec mgmt
equal 'without a command' "$status" 1

case_ what_is_not_known_is_handed_over
equal 'ip -V' "$($ours -V)" "$(ip -V)"
equal 'ip -j link' "$($ours -j link show lo)" "$(ip -j link show lo)"
equal 'ip route get' "$($ours route get 127.0.0.1 | head -1)" "$(ip route get 127.0.0.1 | head -1)"

case_ what_the_kernel_refuses_is_named
# shellcheck disable=SC2086 # words
run $ours -4 route del 10.99.0.0/16
equal 'exit code and message' "$status $err" '2 vrf-launch: cannot del route 10.99.0.0/16 (IPv4): ESRCH (no such process)'

case_ without_iproute2_and_busybox_that_is_said
mkdir -p /tmp/root/bin /tmp/root/proc
cp /vrf-launch /tmp/root/bin/ip
mount -t proc proc /tmp/root/proc
run chroot /tmp/root /bin/ip maddress show
equal 'exit code' "$status" 1
match 'message' "$err" 'neither iproute2 nor busybox'
run chroot /tmp/root /bin/ip link set lo up
equal 'and what is known works' "$status$err" 0
cp /busybox/busybox /tmp/root/bin/busybox
run chroot /tmp/root /bin/ip addr show lo
match 'by busybox' "$out" 'inet 127.0.0.1/8'
umount /tmp/root/proc
