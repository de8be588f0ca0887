/* cabinet watch FILE...   writes the time and all values whenever one of the simulated outputs changes (looks every ms)
   cabinet beats FILE MS   counts the changes of one output within MS milliseconds
   cabinet flap FILE MS    makes about 2000 edges a second on one simulated input
   cabinet ask JSON        asks the control socket of gatehoused; prints the answer
   The shell could do all this, but in an emulated machine that takes minutes. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static char value(int file)
{
    char c = '?';
    if (pread(file, &c, 1, 0) != 1) fail("value");
    return c;
}

static int open_or_fail(const char *path, int flags)
{
    int file = open(path, flags);
    if (file < 0) fail(path);
    return file;
}

static int ask(const char *json)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/gatehouse/control.sock"};
    int peer = socket(AF_UNIX, SOCK_STREAM, 0);
    char buffer[65536];
    ssize_t count;
    if (peer < 0 || connect(peer, (struct sockaddr *)&address, sizeof address)) fail(address.sun_path);
    dprintf(peer, "%s\n", json);
    while ((count = read(peer, buffer, sizeof buffer)) > 0) {
        fwrite(buffer, 1, count, stdout);
        if (buffer[count - 1] == '\n') return 0;
    }
    return 1;
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "ask")) return ask(argv[2]);
    if (argc == 4 && !strcmp(argv[1], "flap")) {
        int pull = open_or_fail(argv[2], O_WRONLY);
        for (long end = now_ms() + atol(argv[3]); now_ms() < end;) {
            if (pwrite(pull, "pull-down", 9, 0) < 0) fail("pull");
            usleep(500);
            if (pwrite(pull, "pull-up", 7, 0) < 0) fail("pull");
            usleep(500);
        }
        return 0;
    }
    if (argc == 4 && !strcmp(argv[1], "beats")) {
        int file = open_or_fail(argv[2], O_RDONLY), changes = 0;
        char last = value(file);
        for (long end = now_ms() + atol(argv[3]); now_ms() < end; usleep(5000)) {
            char next = value(file);
            changes += next != last;
            last = next;
        }
        printf("%d\n", changes);
        return 0;
    }
    if (argc > 2 && argc < 12 && !strcmp(argv[1], "watch")) {
        int files[10];
        char last[10] = "", next[10] = "";
        for (int i = 2; i < argc; i++) files[i - 2] = open_or_fail(argv[i], O_RDONLY);
        for (;; usleep(1000)) {
            for (int i = 2; i < argc; i++) next[i - 2] = value(files[i - 2]);
            if (!strcmp(last, next)) continue;
            strcpy(last, next);
            printf("%ld %s\n", now_ms(), next);
            fflush(stdout);
        }
    }
    fprintf(stderr, "usage: see the first lines of cabinet.c\n");
    return 2;
}
