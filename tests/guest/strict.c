// Tries what a service at strict is not to reach, one way for each word, and prints the way and what came of it:
// `WAY: open`, or the error's text.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define HELD 9
static const char abstract[] = "\0strict.c";

static int is(const char *word, const char *way) { return strcmp(word, way) == 0; }

static int unix_address(struct sockaddr_un *address) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, abstract, sizeof abstract - 1);
    return (int)(offsetof(struct sockaddr_un, sun_path) + sizeof abstract - 1);
}

// What another process of the same user is asked for by.
static long to_process(const char *way, pid_t pid) {
    char byte, path[64];
    struct iovec mine = {&byte, 1}, theirs = {(void *)&abstract, 1};
    if (is(way, "ptrace"))
        return ptrace(PTRACE_SEIZE, pid, 0, 0);
    if (is(way, "readv")) // nothing is there: the right is asked for first
        return process_vm_readv(pid, &mine, 1, &(struct iovec){(void *)8, 1}, 1, 0) < 0 && errno != EFAULT ? -1 : 0;
    if (is(way, "writev"))
        return process_vm_writev(pid, &theirs, 1, &(struct iovec){(void *)8, 1}, 1, 0) < 0 && errno != EFAULT ? -1 : 0;
    if (is(way, "getfd"))
        return syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, pid, 0), HELD, 0);
    if (is(way, "signal"))
        return kill(pid, 0);
    snprintf(path, sizeof path, "/proc/%d/%s", pid, way);
    return open(path, is(way, "mem") ? O_RDWR : O_RDONLY);
}

// Files go from one directory into another.
static long moved(void) {
    (void)mkdir("/tmp/moved", 0777);
    (void)mkdir("/tmp/moved/to", 0777);
    (void)unlink("/tmp/moved/to/renamed");
    (void)unlink("/tmp/moved/to/linked");
    close(open("/tmp/moved/file", O_CREAT | O_WRONLY, 0666));
    if (link("/tmp/moved/file", "/tmp/moved/to/linked") || rename("/tmp/moved/file", "/tmp/moved/to/renamed"))
        return -1;
    // And a directory.
    (void)mkdir("/tmp/moved/directory", 0777);
    (void)rmdir("/tmp/moved/to/directory");
    return rename("/tmp/moved/directory", "/tmp/moved/to/directory");
}

// Out of a chroot, as root can.
static void leave(void) {
    (void)mkdir("/tmp/below", 0700);
    int here = open("/", O_DIRECTORY | O_RDONLY);
    if (chroot("/tmp/below") || fchdir(here))
        perror("chroot");
    for (int step = 0; step < 64; step++)
        (void)chdir("..");
    if (chroot("."))
        perror("chroot");
}

int main(int count, char **words) {
    struct sockaddr_un address;
    for (int at = 1; at < count; at++) {
        const char *way = words[at];
        long done = -1;
        errno = 0;
        if (is(way, "version")) {
            long version = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
            printf("%ld\n", version < 0 ? 0 : version);
            continue;
        } else if (is(way, "hold")) { // the other process
            dup2(socket(AF_INET, SOCK_DGRAM, 0), HELD);
            int listener = socket(AF_UNIX, SOCK_STREAM, 0);
            if (bind(listener, (struct sockaddr *)&address, (socklen_t)unix_address(&address)) || listen(listener, 9))
                perror("bind");
            puts("held");
            fflush(stdout);
            for (;;)
                pause();
        } else if (is(way, "leave")) {
            leave();
            continue;
        } else if (is(way, "own")) { // the ways behind it are tried on a child
            pid_t child = fork();
            if (child == 0) {
                dup2(0, HELD);
                for (;;)
                    pause();
            }
            usleep(100000);
            for (at++; at < count; at++) {
                errno = 0;
                done = to_process(words[at], child);
                printf("%s: %s\n", words[at], done < 0 ? strerror(errno) : "open");
            }
            kill(child, SIGKILL);
            break;
        } else if (is(way, "move")) {
            done = moved();
        } else if (is(way, "abstract")) {
            int length = unix_address(&address);
            done = connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, (socklen_t)length);
        } else if (*way == '/' || *way == '.') { // opened for writing, and nothing is written
            done = open(way, O_WRONLY);
        } else if (at + 1 < count) {
            done = to_process(way, atoi(words[++at]));
        }
        printf("%s: %s\n", way, done < 0 ? strerror(errno) : "open");
    }
    return 0;
}
