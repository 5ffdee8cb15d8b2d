#!/bin/sh
# Multicast groups are joined by the VRF's interfaces alone: index 0 and an address become a member's, another interface is refused.
#
#   lan  10.20.30.1 fd20::1 ── eth0 (mgmt)    eth1 (main, mgmt, main) ── net  203.0.113.1 2001:db8::1
# kernels: once debian-6.1
# modules: vrf
# source: escape.c
# timeout: 120
lan_and_net gateway
sed '/203.0.113.40/a\    vrf mgmt' /tmp/conf >/tmp/two
/vrf-launch -c /tmp/conf up || fail 'up'

# joined KIND INTERFACE WRAPPER...: what the kernel says to a join and to the leave after it, and where the group was meanwhile
joined() {
    kind=$1 interface=$2
    shift 2
    rm -f /tmp/answers
    "$@" escape join "$kind" "$interface" >/tmp/answers &
    asks=$!
    soon test -s /tmp/answers
    where=''
    for device in lo eth0 eth1 mgmt; do
        ip maddr show dev $device | grep -qE '76[.:]2[.:]1( |$)' && where=$device
    done
    wait $asks
    # shellcheck disable=SC2046 # words
    echo "$where" $(cat /tmp/answers)
}
# refused KIND INTERFACE...: at each level
refused() {
    for level in guard strict; do
        equal "$1 $2 at $level" "$(joined "$1" "$2" /vrf-launch --isolation $level mgmt --)" ' Operation not permitted Operation not permitted'
    done
}
# by INTERFACE KIND GIVEN
by() {
    for level in guard strict; do
        equal "$2 $3 at $level" "$(joined "$2" "$3" /vrf-launch --isolation $level mgmt --)" "$1 joined left"
    done
}

case_ without_a_vrf_they_go_by_main
equal 'index 0' "$(joined mreqn - env)" 'eth1 joined left'
equal 'an address' "$(joined mreq 203.0.113.40 env)" 'eth1 joined left'
equal 'under ip vrf exec' "$(joined mreqn - ip vrf exec mgmt)" 'eth1 joined left'
equal 'at bind' "$(joined group4 - /vrf-launch --isolation bind mgmt --)" 'eth1 joined left'

case_ index_0_is_the_members
for kind in mreqn mreq group4 mreq6 group6; do
    by eth0 $kind -
done

case_ a_member_is_joined
for kind in mreqn group4 mreq6 group6; do
    by eth0 $kind eth0
done
equal 'nobody, too' "$(joined mreqn eth0 /vrf-launch mgmt -- setpriv --reuid=65534 --regid=65534 --clear-groups)" 'eth0 joined left'

case_ an_address_is_the_only_members
by eth0 mreqn 10.20.30.40
by eth0 mreq 10.20.30.40
by eth0 mreq 203.0.113.40

case_ another_interface_is_refused
for interface in eth1 lo; do
    for kind in mreqn group4 mreq6 group6 anycast; do
        refused $kind $interface
    done
done
refused source -
refused source 203.0.113.40
refused source 10.20.30.40

case_ anycast_by_a_member
# It needs CAP_NET_ADMIN, which nobody has at strict.
equal 'at guard' "$(joined anycast eth0 /vrf-launch mgmt --)" ' joined left'

case_ other_options_are_the_kernels
# An option of more than a page, and one that is too short.
run /vrf-launch mgmt -- escape long
equal 'IP_MULTICAST_IF too short, SO_RCVBUF of two pages' "$out" 'Invalid argument
0'

case_ a_new_member_is_joined_and_several_have_no_address
# shellcheck disable=SC2016 # for the inner shell
background /vrf-launch mgmt -- sh -c 'while sleep 0.5; do test -e /tmp/pause || escape join mreqn eth1; done'
soon grep -q 'Operation not permitted' "$log"
expect 'up' /vrf-launch -c /tmp/two up
soon grep -q joined "$log" || fail 'a running service cannot join by the new member'
touch /tmp/pause
sleep 2
equal 'eth1' "$(joined mreqn eth1 /vrf-launch mgmt --)" 'eth1 joined left'
by eth0 mreqn -
refused mreqn 203.0.113.40
refused mreq 10.20.30.40
expect 'down' /vrf-launch -c /tmp/two down eth1
expect 'up, of no VRF' /vrf-launch -c /tmp/conf up
before=$(wc -l <"$log")
rm /tmp/pause
sleep 3
match 'the running service has it no more' "$(tail -n +$((before + 1)) "$log" | sort -u | tr '\n' ' ')" '^Operation not permitted (Operation not permitted )?$'
refused mreqn eth1

case_ router_options_are_not_heard
ip link set eth1 up
sysctl -qw net.ipv6.conf.eth1.accept_ra=2
background escape options
outside=$log
background ip vrf exec mgmt escape options
bound=$log
background /vrf-launch mgmt -- escape options
guard=$log
background /vrf-launch --isolation strict mgmt -- escape options
strict=$log
soon grep -q listening "$outside" && soon grep -q listening "$bound" && soon grep -q listening "$guard" && soon grep -q listening "$strict"
for _ in 1 2 3 4 5 6 7 8; do
    on net escape advertise eth1 || fail 'nothing is advertised'
    sleep 0.5
    grep -q heard "$outside" && grep -q heard "$bound" && break
done
expect 'outside it is' grep -q heard "$outside"
expect 'under ip vrf exec it is' grep -q heard "$bound"
equal 'at guard' "$(cat "$guard")" 'Operation not permitted
listening'
equal 'at strict' "$(cat "$strict")" 'Operation not permitted
listening'
