#!/bin/sh
# `vrf-launch show`, `explain` and the others' `--json`, against snapshots (tests/guest/snapshots) and schemas (tests/schema): of
# no VRF, of one that is well, of one on a shared interface, and of one that others made and much is wrong with; on a pipe and on
# terminals.
# kernels: once
# modules: vrf dummy sch_ingress cls_bpf
# timeout: 300
cat >/tmp/conf <<'END'
auto mgmt
iface mgmt
    vrf-table 10

auto eth1
iface eth1
    vrf mgmt
    address 10.20.30.40/24
    address fd20::40/64
    post-up ip route add default via 10.20.30.1 vrf mgmt
END
cat >/tmp/shared <<'END'
auto eth0
iface eth0
    address 192.0.2.40/24
    address fd92::40/64

auto lan
iface lan
    vrf-table 20
    vrf-shared eth0
    vrf-route 192.0.2.0/24 dev eth0
    vrf-route fd92::/64 dev eth0
END
ip link set lo up
for name in eth0 eth1 eth2 eth3; do
    ip link add $name type dummy
    ip link set $name addrgenmode none
done

# vl ARGUMENT...: runs it, and masks what differs from run to run
vl() {
    /vrf-launch "$@" 2>&1 | sed -E 's/interface [0-9]+/interface N/; s/^(  service *)[0-9]+/\1PID/; s/process [0-9]+/process PID/;
        s/"(index|pid)":[0-9]+/"\1":0/g'
}
# on_terminal COLUMNS COMMAND: what a terminal of that width gets; ESC is shown as ^
on_terminal() {
    width_=$1
    shift
    socat -t 5 - "SYSTEM:\"${width_:+/busybox/stty cols $width_; }$*\",pty,stderr" </dev/null | tr -d '\r' | tr '\033' '^' |
        sed -E 's/interface [0-9]+/interface N/; s/^(  service *)[0-9]+/\1PID/'
}
# valid NAME ARGUMENT...: its JSON, for the host to look at
valid() {
    name_=$1
    shift
    run /vrf-launch "$@" --json
    equal "$* --json: messages" "$err" ''
    json "$name_" "$out"
    expect "$* --json is one line" test "$(printf '%s\n' "$out" | wc -l)" = 1
}

lines='(.vrfs[] | to_entries[] | .value = if (.value | type) == "array" then .value[] else .value end), .rules[].rules[]'
# services: two of them, in one cgroup, as the kernel gives cgroups in no order
services() {
    serve tcp4 22 hello /vrf-launch mgmt --
    serve udp6 5353 hello /vrf-launch --user nobody mgmt --
}

case_ no_vrf_is_said
vl show >/tmp/got
snapshot none /tmp/got
valid show show

case_ vrf_that_is_well
expect up /vrf-launch up -c /tmp/conf
services
vl show mgmt >/tmp/got
snapshot well /tmp/got
# Before 5.14 there is a route more, to a network's first address.
vl show --json mgmt | jq -c "$lines" | grep -v '"broadcast","to":"[0-9.]*\.0/32"' >/tmp/got
snapshot well.json /tmp/got
valid show show
valid show show mgmt
same='.vrfs[0] | {name, table, members: [.members[] | {name, addresses}]}'
equal 'as iproute2 says' "$(echo "$out" | jq -cS "$same")" \
    "$({ ip -j -d link show type vrf; ip -j addr show master mgmt; } | jq -cS -s '{name: .[0][0].ifname, table: .[0][0].linkinfo.info_data.table,
        members: [.[1][] | {name: .ifname, addresses: [.addr_info[] | "\(.local)/\(.prefixlen)"]}]}')"
routes='.vrfs[0].routes | map({to: (.to | sub("/(32|128)$"; "")), type, dev: (.dev // "none"), via: (.via // "none")}) | sort'
equal 'routes as iproute2 says' "$(echo "$out" | jq -cS "$routes")" "$({ ip -4 -j route show table 10; ip -6 -j route show table 10; } |
    jq -cS -s 'add | map({to: .dst, type: (.type // "unicast"), dev: (.dev // "none"), via: (.gateway // "none")}) | sort')"
equal 'rules as iproute2 says' "$(echo "$out" | jq -c '.rules[0].rules | map(.priority)')" "$(ip -4 -j rule | jq -c 'map(.priority)')"

background /vrf-launch --isolation strict --user nobody mgmt -- sleep 1000
soon grep -q sleep "/proc/$pid/comm" || fail 'it does not run'
match 'strict' "$(vl show mgmt)" '^  service           PID sleep, user nobody, strict by cgroup$'

case_ by_width
services
on_terminal '' TERM=dumb /vrf-launch show mgmt >/tmp/got
snapshot dumb /tmp/got
equal 'no line is longer than an unknown terminal' "$(awk 'length > 80' /tmp/got)" ''
on_terminal 63 TERM=linux /vrf-launch show mgmt >/tmp/got
snapshot colour /tmp/got
equal 'no line is longer than the terminal' "$(tr -d '^' </tmp/got | sed 's/\[[0-9]*m//g' | awk 'length > 63')" ''
on_terminal '' NO_COLOR=1 TERM=linux /vrf-launch show mgmt >/tmp/plain
equal 'NO_COLOR' "$(grep -c '\^' /tmp/plain)" 0

case_ routes_are_explained
services
bound=$pid
for ask in 'mgmt 8.8.8.8' 'mgmt 10.20.30.7 --from 10.20.30.40 --port=22' 'mgmt 10.20.30.40' 'mgmt fd20::7' 'mgmt fd99::1' 'mgmt fe80::1' \
    'mgmt 10.20.30.7 --from=9.9.9.9' 'default 9.9.9.9' 'mgmt 10.20.30.40 --in eth1 --port 22' 'mgmt 10.20.30.40 --in=eth1 --port udp:5353' \
    'mgmt fd20::40 --in eth1 --port udp:5353' 'mgmt 10.20.30.7 --in eth1' 'default 10.20.30.40 --in eth1'; do
    echo "\$ explain $ask"
    # shellcheck disable=SC2086 # words
    vl explain $ask
done >/tmp/got
snapshot explained /tmp/got
for ask in 'mgmt 8.8.8.8' 'mgmt fd99::1' 'mgmt fe80::1' 'mgmt 10.20.30.7 --from 9.9.9.9' 'default 9.9.9.9' 'mgmt 10.20.30.40 --in eth1 --port 22' 'mgmt 10.20.30.7 --in eth1'; do
    # shellcheck disable=SC2086 # words
    valid explain explain $ask
    equal "$ask: exit code" "$status" 0
done
valid pids pids mgmt
equal 'pids' "$(echo "$out" | jq '.processes | map(.pid)' -c)" "$(/vrf-launch pids mgmt | jq -cR -s 'split("\n") | map(select(. != "") | split(" ") | map(select(. != ""))[0] | tonumber)')"
valid identify identify "$bound"
equal 'identify' "$(echo "$out" | jq -r .vrf)" mgmt
valid identify identify 1
equal 'identify, outside' "$(echo "$out" | jq -c .)" '{"version":1}'
valid check check mgmt -c /tmp/conf
equal 'check' "$status $(echo "$out" | jq -c '[.faults, [.lines[] | select(.mark == "fail")]]')" '0 [0,[]]'

case_ what_is_wrong_is_marked
ip link add red type vrf table 30
ip link set red up
ip link set eth2 master red
ip addr add 10.3.0.1/24 dev eth3
ip link set eth3 up
ip route add 10.9.0.0/16 via 10.3.0.9 dev eth3 table 30 onlink
ip route add 10.8.0.0/16 table 30 nexthop via 10.3.0.7 dev eth3 weight 3 nexthop via 10.3.0.8 dev eth3
ip route add unreachable 10.7.0.0/16 metric 7 table 30
ip -6 rule del pref 0 l3mdev unreachable protocol kernel
ip rule add pref 1500 not from 10.1.0.0/16 to 10.2.0.0/16 iif lo fwmark 0x1/0xf ipproto 17 dport 53 uidrange 5-6 lookup main suppress_prefixlength 0
ip rule add pref 1600 goto 32766
background ip vrf exec red socat TCP-LISTEN:80,fork /dev/null
background /vrf-launch --bind seccomp red -- socat UDP-RECVFROM:99,fork /dev/null
soon listens_ udp4 99 "$pid" || fail 'it does not listen'
soon listens_ tcp4 80 "$pid" || fail 'it does not listen'
vl show red >/tmp/got
snapshot wrong /tmp/got
vl show red --json | jq -c "$lines" >/tmp/got
snapshot wrong.json /tmp/got
valid show show
for ask in '10.7.1.1' '10.8.0.1' '10.9.0.1' '1.1.1.1' '10.7.1.1 --in eth2' '10.3.0.1 --in eth3'; do
    echo "\$ explain red $ask"
    # shellcheck disable=SC2086 # words
    vl explain red $ask
done | sed -E 's/eth3 --> 10.3.0.[78]/eth3 --> 10.3.0.7|8/; s/^  VRF red \(10.3.0.1\) --> table 30/  VRF red --> table 30/' >/tmp/got
# (5.10 names the source where there are several gateways, too.)
snapshot wrong.explained /tmp/got
ip link set red down
vl explain red 10.9.0.1 | grep -v lookup >/tmp/got
snapshot down /tmp/got
ip link set red up
# Much that is wrong is not what a walk cannot explain.
valid explain explain red 10.8.0.1
valid explain explain red 10.3.0.1 --in eth3

case_ names_of_any_bytes
name=$(printf 'q"\\\303\274')
ip link add "$name" type vrf table 40
vl show "$name" | head -n 1 >/tmp/got
snapshot bytes /tmp/got
valid show show "$name"
equal 'it comes back whole' "$(printf '%s' "$out" | jq -j '.vrfs[0].name' | od -An -tx1)" \
    "$(printf 'q"\\\303\203\302\274' | od -An -tx1)"
ip link del "$name"

case_ shared_interface
ip link del red
ip rule del pref 1500
ip rule del pref 1600
/vrf-launch down -c /tmp/conf
expect up /vrf-launch up -c /tmp/shared
sysctl -qw net.ipv4.udp_l3mdev_accept=0
vl show lan | grep -v '^rules\|^  [0-9]\|^  !' >/tmp/got
snapshot shared /tmp/got
valid show show
for ask in '192.0.2.7' '8.8.8.8' '192.0.2.40 --in eth0' '192.0.2.40 --in eth0 --from 8.8.8.8'; do
    for vrf in lan default; do
        echo "\$ explain $vrf $ask"
        # shellcheck disable=SC2086 # words
        vl explain $vrf $ask
    done
done >/tmp/got
snapshot shared.explained /tmp/got

case_ what_is_asked_for
run /vrf-launch show nowhere
equal 'show: no such VRF' "$status$out" 100
match 'and those that are' "$err" 'there is no such VRF; there are: lan'
run /vrf-launch explain nowhere 1.2.3.4
equal 'explain: no such VRF' "$status$out" 100
run /vrf-launch explain eth0 1.2.3.4
equal 'explain: no VRF' "$status$out" 100
run /vrf-launch explain lan 1.2.3.4 --in nowhere
equal 'explain: no such interface' "$status$out" 100
match 'it is named' "$err" '^vrf-launch: --in "nowhere": there is no such interface'
for words in 'show lan lan' 'explain lan' 'explain lan 1.2.3' 'explain lan 1.2.3.4 ::1' 'explain lan ::1 --from 1.2.3.4' 'explain lan ::1 --port 0' \
    'explain lan ::1 --port sctp:1' 'explain lan ::1 --from x' 'plan --json' 'up --json' 'show --from ::1' '--json lan true'; do
    # shellcheck disable=SC2086 # words
    run /vrf-launch $words
    equal "$words: exit code" "$status$out" 100
done
run setpriv --reuid 65534 --regid 65534 --clear-groups /vrf-launch show lan
equal 'without privileges' "$status$err" 0
match 'it says what it does not see' "$out" 'that needs root'
