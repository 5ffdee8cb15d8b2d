#!/bin/sh
# In the sandboxes that systemd makes for units: a level that cannot be had is refused, and the advice names the option in the way.
# What an option does is done here by hand (systemd.exec(5)); sandbox.c makes seccomp filters.
# modules: vrf dummy
# timeout: 90
ip link add mgmt type vrf table 10
ip link set mgmt up
ip link add eth0 type dummy
ip link set eth0 master mgmt
ip link set eth0 up
ip addr add 10.20.30.40/24 dev eth0
ip link set lo up
for family in 4 6; do
    ip -$family rule add pref 2000 l3mdev unreachable
done
tree=/sys/fs/cgroup

# without CAPABILITY COMMAND...: as with CapabilityBoundingSet=~CAPABILITY
without() {
    capability=$1
    shift
    setpriv --bounding-set="-$capability" --inh-caps="-$capability" "$@"
}
protect_control_groups() { unshare -m sh -c 'mount -o remount,bind,ro /sys/fs/cgroup; exec "$@"' sh "$@"; }
protect_kernel_tunables() {
    unshare -m sh -c '
        for file in /proc/sys /proc/irq /proc/bus /proc/sysrq-trigger /proc/latency_stats; do
            [ -e $file ] || continue
            mount --bind $file $file
            mount -o remount,bind,ro $file
        done
        mount -o remount,bind,ro /sys
        exec "$@"' sh "$@"
}
# refused WHAT ADVICE: the launch that `run` made has not started its command, and said why in two lines
refused() {
    equal "$1: it is not started" "$status$out" 111
    match "$1: what failed" "$(echo "$err" | sed -n 1p)" '^vrf-launch: cannot '
    match "$1: what is in the way" "$(echo "$err" | sed -n 2p)" "$2"
    equal "$1: in two lines" "$(echo "$err" | wc -l)" 2
}

case_ without_a_sandbox
for level in bind guard strict; do
    run /vrf-launch --isolation $level mgmt -- echo started
    equal "$level" "$status$out$err" 0started
done

case_ protect_control_groups_is_named
for options in '' '--isolation guard' '--isolation strict' '--bind cgroup' '--bind cgroup --isolation bind'; do
    # shellcheck disable=SC2086 # words
    run protect_control_groups /vrf-launch $options mgmt -- echo started
    refused "options <$options>" 'ProtectControlGroups='
done
run protect_control_groups /vrf-launch --isolation bind mgmt -- echo started
equal 'level bind is had by seccomp' "$status$out" 0started
match 'which is said' "$err" '^vrf-launch: mgmt: bound by seccomp, level bind; no cgroup can do it: EROFS'
printf 'iface mgmt\n    vrf-table 10\n    vrf-isolation bind\n' >/tmp/conf
run protect_control_groups /vrf-launch -c /tmp/conf mgmt -- echo started
equal 'and where the configuration asks for it' "$status$out" 0started
run protect_control_groups /vrf-launch default -- echo started
equal 'out of any VRF there is no level' "$status$out$err" 0started

case_ capabilities_are_named
# Since 6.9 CAP_SYS_ADMIN stands for CAP_NET_ADMIN.
case $(uname -r) in
5.* | 6.[0-8].*) needed='sys_admin net_admin' ;;
*) needed=sys_admin ;;
esac
for capability in $needed; do
    name=CAP_$(echo "$capability" | tr '[:lower:]' '[:upper:]')
    others=
    [ "$capability" = net_admin ] || others=,-bpf
    run without "$capability$others" /vrf-launch mgmt -- echo started
    refused "without $name" "$name is missing: CapabilityBoundingSet="
    run without "$capability$others" /vrf-launch --isolation bind mgmt -- echo started
    equal "without $name, level bind" "$status$out" 0started
done
run without sys_admin,-bpf,-net_admin /vrf-launch mgmt -- echo started
refused 'without any' 'CAP_SYS_ADMIN and CAP_NET_ADMIN are missing: CapabilityBoundingSet='

case_ a_filter_without_bpf_is_named
for error in EPERM ENOSYS; do
    for level in '' '--isolation strict'; do
        # shellcheck disable=SC2086 # words
        run sandbox bpf $error /vrf-launch $level mgmt -- echo started
        refused "$error <$level>" 'refuses bpf.2.: SystemCallFilter='
    done
    run sandbox bpf $error /vrf-launch --isolation bind mgmt -- echo started
    equal "$error: level bind" "$status$out" 0started
    match "$error: said" "$err" "no cgroup can do it: $error"
done

case_ a_user_namespace_is_named
run unshare -Ur /vrf-launch mgmt -- echo started
refused 'in it' 'PrivateUsers='

case_ strict_with_protect_kernel_tunables
for level in guard strict; do
    run protect_kernel_tunables /vrf-launch --isolation $level mgmt -- sh -c 'echo started; echo x >/proc/sys/kernel/core_pattern'
    equal "$level is started" "$out" started
done
match '/proc/sys is read-only there' "$err" 'Read-only'

case_ strict_with_restrict_namespaces
run sandbox namespaces EPERM /vrf-launch --isolation strict mgmt -- echo started
refused strict 'RestrictNamespaces=.*mnt and cgroup'
run sandbox namespaces EPERM /vrf-launch mgmt -- echo started
equal 'guard needs none' "$status$out$err" 0started
run sandbox mount EPERM /vrf-launch --isolation strict mgmt -- echo started
refused 'without mount' 'refuses mount.2.: SystemCallFilter='
run without sys_admin /vrf-launch --isolation strict --no-new-privs yes mgmt -- echo started
equal 'without CAP_SYS_ADMIN' "$status$out" 111
match 'is named' "$err" 'CAP_SYS_ADMIN'
