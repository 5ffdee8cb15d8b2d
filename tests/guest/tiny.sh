#!/bin/sh
# The main job on a kernel that has no BPF, no cgroups and no modules: by the seccomp backend, which `auto` takes where level bind is asked for.
#
#   lan  10.20.30.1 fd20::1 ── eth0 (mgmt)    eth1 (main) ── net  203.0.113.1 2001:db8::1
# kernels: tiny
# timeout: 90
case_ there_is_no_bpf_and_no_cgroup
echo "# $(cat /proc/version)"
refuse 'cgroups' test -e /proc/cgroups
refuse 'a cgroup tree' mount -t cgroup2 none /sys/fs/cgroup
refuse 'BPF' bpftool prog
refuse 'modules' test -e /proc/modules

case_ up_and_a_launch
lan_and_net gateway
expect 'up' /vrf-launch -c /tmp/conf up
expect 'outside' ping -c 1 -W 2 203.0.113.1
run /vrf-launch --isolation bind mgmt -- ping -c 1 -W 2 10.20.30.1
equal 'inside' "$status" 0
echo "# $err"
equal 'in one line' "$(echo "$err" | grep -c 'bound by seccomp, level bind; no cgroup can do it')" 1
run /vrf-launch -q --isolation bind mgmt -- ping -c 1 -W 2 203.0.113.1
match 'beyond' "$out$err" 'Network is unreachable'
echo "# $out$err"
for options in '' '--isolation guard'; do
    # shellcheck disable=SC2086 # words
    run /vrf-launch $options mgmt -- echo started
    equal "guard is not pretended <$options>" "$status$out" 111
done

case_ connections
for proto in tcp4 tcp6 udp4 udp6; do
    serve $proto 7000 lan-$proto ip netns exec lan
    serve $proto 7000 net-$proto ip netns exec net
    serve $proto 8000 mgmt-$proto /vrf-launch -q --isolation bind mgmt --
done
for proto in tcp4 udp4; do
    equal "$proto" "$(ask $proto 10.20.30.1 7000 /vrf-launch -q --isolation bind mgmt --)" lan-$proto
    equal "$proto beyond" "$(ask $proto 203.0.113.1 7000 /vrf-launch -q --isolation bind mgmt -- 2>/tmp/said)" ''
    equal "$proto in" "$(ask $proto 10.20.30.40 8000 ip netns exec lan)" mgmt-$proto
    equal "$proto in, from elsewhere" "$(ask $proto 203.0.113.40 8000 ip netns exec net 2>/tmp/said)" ''
done
for proto in tcp6 udp6; do
    equal "$proto" "$(ask $proto fd20::1 7000 /vrf-launch -q --isolation bind mgmt --)" lan-$proto
    equal "$proto beyond" "$(ask $proto 2001:db8::1 7000 /vrf-launch -q --isolation bind mgmt -- 2>/tmp/said)" ''
    equal "$proto in" "$(ask $proto fd20::40 8000 ip netns exec lan)" mgmt-$proto
    equal "$proto in, from elsewhere" "$(ask $proto 2001:db8::40 8000 ip netns exec net 2>/tmp/said)" ''
done
