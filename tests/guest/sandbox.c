/* Runs a command behind a seccomp filter such as systemd makes for a unit: sandbox CALL ERRNO COMMAND...
   CALL: bpf, mount, or namespaces (unshare(2) with a flag for mounts or cgroups). */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc < 4) return 2;
    unsigned number = !strcmp(argv[1], "bpf") ? SYS_bpf : !strcmp(argv[1], "mount") ? SYS_mount : SYS_unshare;
    unsigned flags = number == SYS_unshare ? CLONE_NEWNS | CLONE_NEWCGROUP : 0;
    unsigned error = !strcmp(argv[2], "ENOSYS") ? ENOSYS : EPERM;
    struct sock_filter refuse_some[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, flags, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_filter refuse_all[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog some = {sizeof refuse_some / sizeof *refuse_some, refuse_some};
    struct sock_fprog all = {sizeof refuse_all / sizeof *refuse_all, refuse_all};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, flags ? &some : &all, 0, 0)) {
        perror("sandbox: PR_SET_SECCOMP");
        return 2;
    }
    execvp(argv[3], argv + 3);
    perror("sandbox");
    return 2;
}
