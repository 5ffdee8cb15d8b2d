#!/bin/sh
# Network namespaces without a name: one cgroup does not serve two of them.
# kernels: once
# modules: vrf
# timeout: 120
ip link add mgmt type vrf table 10
ip link set mgmt up
ip link add pad0 type dummy

case_ namespace_without_a_name_has_a_cgroup_of_its_own
run /vrf-launch mgmt -- cat /proc/self/cgroup
equal 'the first process has none' "$out" '0::/vrf-launch-guard/vrf/mgmt'
run unshare -n sh -c 'ip link add a0 type dummy; ip link add a1 type dummy; ip link add mgmt type vrf table 10; readlink /proc/self/ns/net | tr -dc 0-9; echo; /vrf-launch mgmt -- cat /proc/self/cgroup'
equal 'the inode' "$out" "$(echo "$out" | head -1)
0::/vrf-launch-guard/$(echo "$out" | head -1)-ns/vrf/mgmt"
run unshare -n sh -c 'ip link add a0 type dummy; ip link add mgmt type vrf table 10; /vrf-launch mgmt -- sh -c "/vrf-launch mgmt -- cat /proc/self/cgroup; ip vrf identify \$\$; /vrf-launch pids mgmt | wc -l; ip vrf pids mgmt | wc -l"'
match 'launched again in it' "$out" '^0::/vrf-launch-guard/[0-9]+-ns/vrf/mgmt$'
run unshare -n sh -c '/vrf-launch default -- cat /proc/self/cgroup'
equal 'default' "$out" '0::/'
run /vrf-launch mgmt -- unshare -n sh -c 'ip link add mgmt type vrf table 10; /vrf-launch mgmt -- cat /proc/self/cgroup'
match 'from within a VRF' "$out" '^0::/vrf-launch-guard/[0-9]+-ns/vrf/mgmt$'
