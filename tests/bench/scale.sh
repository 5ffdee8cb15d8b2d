#!/bin/sh
# Many VRFs, each with a member and two routes: up, a launch into the last one, and the same by `ip -batch`.
# kernels: debian-6.1
# modules: vrf dummy
# source: costs.c
# timeout: 1800
# shellcheck source=/dev/null # lib.sh, beside this
. /test/more.sh

many
case_ vrfs_1
vrfs 1
case_ vrfs_10
vrfs 10
case_ vrfs_100
vrfs 100
case_ vrfs_1000
vrfs 1000
