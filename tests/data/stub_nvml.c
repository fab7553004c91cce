/* A stand-in for libnvidia-ml.so.1. Its GPUs stand in the file that STUB_NVML names, read at every call: a list of JSON
   objects without white space, as tests/stub_nvml.py writes it. Without the file no driver is loaded.

   A member that is null or missing is what this GPU does not tell. "error" is the NVML error with which it gives no
   handle, "ill" the one with which it answers everything that is asked of a handle; "mig" are its MIG instances. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUCCESS = 0, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7, DRIVER_NOT_LOADED = 9, GPU_IS_LOST = 15 };

typedef struct {
    unsigned pid;
    unsigned long long memory;
    unsigned gpu_instance, compute_instance;
} Process;

typedef struct {
    char legacy[16];
    unsigned domain, bus, device, id, subsystem;
    char bus_id[32];
} Pci;

typedef struct {
    unsigned version;
    unsigned long long total, reserved, free, used;
} Memory;

static __thread char content[65536];

/* Reading JSON */

static const char *after(const char *value) {
    int depth = 0, quoted = 0;
    for (; *value; value++) {
        if (*value == '"') quoted = !quoted;
        if (quoted) continue;
        if (*value == '[' || *value == '{') depth++;
        if ((*value == ']' || *value == '}') && depth-- == 0) return value;
        if (*value == ',' && depth == 0) return value;
    }
    return value;
}

static const char *element(const char *list, int wanted) {
    const char *value = list ? list + 1 : "";
    if (!list || *list != '[' || *value == ']') return NULL;
    while (wanted-- > 0) {
        value = after(value);
        if (*value != ',') return NULL;
        value++;
    }
    return value;
}

static int length(const char *list) {
    int count = 0;
    while (element(list, count)) count++;
    return count;
}

static const char *member(const char *object, const char *name) {
    size_t size = strlen(name);
    const char *at = object;
    while (at && (*at == '{' || *at == ',')) {
        const char *value = strchr(at, ':') + 1;
        if (!strncmp(at + 2, name, size) && at[2 + size] == '"') return strncmp(value, "null", 4) ? value : NULL;
        at = after(value);
    }
    return NULL;
}

static const char *gpus(void) {
    const char *path = getenv("STUB_NVML");
    FILE *file = path ? fopen(path, "r") : NULL;
    if (!file) return NULL;
    content[fread(content, 1, sizeof content - 1, file)] = 0;
    fclose(file);
    return content;
}

/* A handle is the number of a GPU, from 1; that of a MIG instance has its own number, from 1, above it. */

static const char *device(void *handle, int *code) {
    long number = (long)handle;
    const char *all = gpus(), *gpu = element(all, (int)(number & 255) - 1), *ill = gpu ? member(gpu, "ill") : NULL;
    *code = !all ? DRIVER_NOT_LOADED : !gpu ? NOT_FOUND : ill ? atoi(ill) : SUCCESS;
    return *code ? NULL : number > 255 ? element(member(gpu, "mig"), (int)(number >> 8) - 1) : gpu;
}

static int number(void *handle, const char *name, unsigned long long *value) {
    int code;
    const char *found = member(device(handle, &code), name);
    if (code) return code;
    if (!found) return NOT_SUPPORTED;
    *value = strtoull(found, NULL, 10);
    return SUCCESS;
}

static int small_number(void *handle, const char *name, unsigned *value) {
    unsigned long long found = 0;
    int code = number(handle, name, &found);
    *value = (unsigned)found;
    return code;
}

static int text(void *handle, const char *name, char *buffer, unsigned size) {
    int code;
    const char *found = member(device(handle, &code), name);
    if (code) return code;
    if (!found) return NOT_SUPPORTED;
    snprintf(buffer, size, "%.*s", (int)strcspn(found + 1, "\""), found + 1);
    return SUCCESS;
}

static int processes(void *handle, const char *name, unsigned *count, Process *found) {
    int code;
    const char *list = member(device(handle, &code), name);
    unsigned room = *count;
    if (code) return code;
    *count = (unsigned)length(list);
    if (!*count) return SUCCESS;
    if (room < *count) return INSUFFICIENT_SIZE;
    for (int i = 0; i < (int)*count; i++) {
        const char *pair = element(list, i), *memory = element(pair, 1);
        unsigned long long used = strncmp(memory, "null", 4) ? strtoull(memory, NULL, 10) : ~0ULL;
        found[i] = (Process){(unsigned)atoi(element(pair, 0)), used, 0, 0};
    }
    return SUCCESS;
}

/* What pynvml calls */

int nvmlInitWithFlags(unsigned flags) { return gpus() ? SUCCESS : DRIVER_NOT_LOADED; }
int nvmlShutdown(void) { return SUCCESS; }

const char *nvmlErrorString(int code) {
    switch (code) {
    case NOT_SUPPORTED: return "Not Supported";
    case NOT_FOUND: return "Not Found";
    case DRIVER_NOT_LOADED: return "Driver Not Loaded";
    case GPU_IS_LOST: return "GPU is lost";
    default: return "Unknown Error";
    }
}

static int version(char *buffer, unsigned size, const char *said) {
    snprintf(buffer, size, "%s", said);
    return gpus() ? SUCCESS : DRIVER_NOT_LOADED;
}

int nvmlSystemGetDriverVersion(char *buffer, unsigned size) { return version(buffer, size, "570.1.stub"); }
int nvmlSystemGetNVMLVersion(char *buffer, unsigned size) { return version(buffer, size, "12.570.stub"); }

int nvmlDeviceGetCount_v2(unsigned *count) {
    const char *all = gpus();
    *count = all ? (unsigned)length(all) : 0;
    return all ? SUCCESS : DRIVER_NOT_LOADED;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **handle) {
    const char *all = gpus(), *gpu = element(all, (int)index), *error = gpu ? member(gpu, "error") : NULL;
    if (!all) return DRIVER_NOT_LOADED;
    *handle = (void *)(long)(index + 1);
    return !gpu ? NOT_FOUND : error ? atoi(error) : SUCCESS;
}

int nvmlDeviceGetPciInfo_v3(void *handle, Pci *pci) {
    memset(pci, 0, sizeof *pci);
    return text(handle, "bus", pci->bus_id, sizeof pci->bus_id);
}

int nvmlDeviceGetUUID(void *handle, char *buffer, unsigned size) { return text(handle, "uuid", buffer, size); }
int nvmlDeviceGetName(void *handle, char *buffer, unsigned size) { return text(handle, "name", buffer, size); }

int nvmlDeviceGetMemoryInfo(void *handle, unsigned long long memory[3]) {
    unsigned long long reserved = 0;
    int code = number(handle, "total", &memory[0]);
    if (code == SUCCESS) code = number(handle, "used", &memory[2]);
    number(handle, "reserved", &reserved);
    memory[2] += reserved;
    memory[1] = memory[0] - memory[2];
    return code;
}

int nvmlDeviceGetMemoryInfo_v2(void *handle, Memory *memory) {
    int code = number(handle, "reserved", &memory->reserved);
    if (code == SUCCESS) code = number(handle, "total", &memory->total);
    if (code == SUCCESS) code = number(handle, "used", &memory->used);
    memory->free = memory->total - memory->used - memory->reserved;
    return code;
}

int nvmlDeviceGetUtilizationRates(void *handle, unsigned rates[2]) {
    int code = small_number(handle, "utilization", &rates[0]);
    rates[1] = rates[0];
    return code;
}

int nvmlDeviceGetTemperature(void *handle, unsigned sensor, unsigned *value) {
    return small_number(handle, "temperature", value);
}

int nvmlDeviceGetPowerUsage(void *handle, unsigned *value) { return small_number(handle, "power", value); }

int nvmlDeviceGetComputeRunningProcesses_v3(void *handle, unsigned *count, Process *found) {
    return processes(handle, "compute", count, found);
}

int nvmlDeviceGetGraphicsRunningProcesses_v3(void *handle, unsigned *count, Process *found) {
    return processes(handle, "graphics", count, found);
}

int nvmlDeviceGetMigMode(void *handle, unsigned *current, unsigned *pending) {
    int code;
    const char *mig = member(device(handle, &code), "mig");
    *current = *pending = mig != NULL;
    return code ? code : mig ? SUCCESS : NOT_SUPPORTED;
}

int nvmlDeviceGetMaxMigDeviceCount(void *handle, unsigned *count) {
    *count = 7;
    return SUCCESS;
}

int nvmlDeviceGetMigDeviceHandleByIndex(void *handle, unsigned index, void **part) {
    int code;
    const char *mig = member(device(handle, &code), "mig");
    *part = (void *)((long)handle + ((long)(index + 1) << 8));
    return code ? code : element(mig, (int)index) ? SUCCESS : NOT_FOUND;
}
