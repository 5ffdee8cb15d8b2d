#!/bin/sh
# A kernel without IPv6, or with ipv6.disable: what is asked for there for isolation alone is not missed, for nothing gets out that way.
#
#   far  10.20.30.1 ── eth0, a member of mgmt
# kernels: once alpine-6.18
# modules: vrf
# append: ipv6.disable=1
far far eth0 10.20.30.1/24
background ip netns exec far socat TCP4-LISTEN:22,fork,reuseaddr SYSTEM:'echo reached'
soon ip netns exec far sh -c 'ss -Htln | grep -q :22' || fail 'nobody listens on far'
export pids='' # it stays for all cases
cat >/tmp/conf <<'END'
auto mgmt eth0
iface mgmt
    vrf-table 10
    vrf-route 10.9.0.0/16 via 10.20.30.1
iface eth0
    vrf mgmt
    address 10.20.30.40/24
    gateway 10.20.30.1
service once
    vrf mgmt
    exec /busybox/nc 10.20.30.1 22
    respawn no
END

case_ there_is_none
run socat -u OPEN:/dev/null 'UDP6-SENDTO:[::1]:9'
match 'socket' "$err" 'not supported by protocol'

case_ up_and_down
state >/tmp/before
run /vrf-launch -c /tmp/conf up
equal 'all is done, and nothing said' "$status$out$err" 0
equal 'rules' "$(ip -j -4 rule | jq -r '.[].priority' | tr '\n' ' ')" '0 0 0 1000 32766 32767 '
expect 'routes' sh -c 'ip route show vrf mgmt | grep -q "^10.9.0.0/16 via 10.20.30.1"'
state >/tmp/made
run /vrf-launch -c /tmp/conf up
equal 'again' "$status$out$err" 0
same_state 'and nothing is changed' /tmp/made
run /vrf-launch -c /tmp/conf plan --diff
equal 'nothing is to be done' "$status$out$err" 0

case_ launches
for how in '--isolation bind' '--isolation guard' '--isolation strict' '--bind seccomp'; do
    # shellcheck disable=SC2086 # two words
    equal "$how" "$(/vrf-launch $how mgmt -- /busybox/nc 10.20.30.1 22 </dev/null 2>&1)" reached
done
run /vrf-launch --listen tcp:2222 --inetd mgmt -- /busybox/true &
sleep 1
equal 'without IPv6 the socket is of IPv4' "$(ss -Htln 'sport = :2222' | awk '{ print $4 }')" '0.0.0.0%mgmt:2222'
kill $!
equal 'a service' "$(/vrf-launch -q -c /tmp/conf run once </dev/null 2>&1)" reached

case_ what_there_is
run /vrf-launch -c /tmp/conf check
equal 'the audit' "$status$err" 0
run /vrf-launch -c /tmp/conf show mgmt
equal 'show' "$status$err" 0
run /vrf-launch -c /tmp/conf explain mgmt 8.8.8.8
equal 'explain' "$status$err" 0
run /vrf-launch -c /tmp/conf explain mgmt 2001:db8::1
match 'of IPv6' "$status$out$err" 'IPv6'

case_ and_back
run /vrf-launch -c /tmp/conf down
equal 'exit code' "$status$out$err" 0
same_state 'as before' /tmp/before

case_ what_the_file_asks_for_is_missed
cat >/tmp/conf <<'END'
auto mgmt eth0
iface mgmt
    vrf-table 10
    vrf-route fd09::/16 via fd20::1 dev eth0
iface eth0
    vrf mgmt
    accept_ra 0
    address 10.20.30.40/24
    address fd20::40/64
    gateway 10.20.30.1
    gateway fd20::1
    pre-up ip -6 rule add pref 3000 to fd30::/16 unreachable
END
run /vrf-launch -c /tmp/conf up
equal 'exit code' "$status" 111
equal 'each line that cannot be' "$(echo "$err" | sed -n 's/^vrf-launch: \(\/tmp.*\): E.*/\1/p')" \
    '/tmp/conf:7: cannot set net/ipv6/conf/eth0/accept_ra=0
/tmp/conf:12: cannot add rule pref 3000 to fd30::/16 unreachable (IPv6)
/tmp/conf:9: cannot add address fd20::40/64 dev eth0
/tmp/conf:11: cannot add route default via fd20::1 dev eth0 vrf mgmt metric 1 onlink (IPv6)
/tmp/conf:4: cannot add route fd09::/16 via fd20::1 dev eth0 table 10'
match 'and why' "$err" 'or in the kernel \(ipv6.disable\); the rest is done$'
expect 'the rest is there' sh -c 'ip -4 addr show dev eth0 master mgmt up | grep -q 10.20.30.40/24 && ip route show vrf mgmt default | grep -q 10.20.30.1'
equal 'and works' "$(/vrf-launch mgmt -- /busybox/nc 10.20.30.1 22 </dev/null 2>&1)" reached
run /vrf-launch -c /tmp/conf down
equal 'down' "$status$out$err" 0
same_state 'as before' /tmp/before
rm -r /run/vrf-launch
/vrf-launch -c /tmp/conf up 2>/tmp/said
rm -r /run/vrf-launch
run /vrf-launch -c /tmp/conf down
equal 'down without a record' "$status$out$err" 0
