/* A stand-in for libnvidia-ml.so.1: its GPUs are the lines of the file that STUB_NVML names, read at every call.

   A line is "bus uuid name total used utilization temperature power pid:memory ..."; "-" is what this GPU does not
   tell, and the line "lost" is a GPU that has fallen off the bus. Without the file no driver is loaded. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUCCESS = 0, NOT_SUPPORTED = 3, INSUFFICIENT_SIZE = 7, DRIVER_NOT_LOADED = 9, GPU_IS_LOST = 15 };

typedef struct {
    char fields[8][96];
    int count;
    unsigned pids[16];
    unsigned long long memory[16];
} Gpu;

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

static int read_gpu(int wanted, Gpu *gpu) {
    char line[1024];
    const char *path = getenv("STUB_NVML");
    FILE *file = path ? fopen(path, "r") : NULL;
    int index = 0;
    if (!file) return -1;
    while (fgets(line, sizeof line, file)) {
        if (index++ != wanted) continue;
        memset(gpu, 0, sizeof *gpu);
        char *rest = NULL, *word = strtok_r(line, " \n", &rest);
        for (int i = 0; word; i++, word = strtok_r(NULL, " \n", &rest)) {
            if (i < 8) strncpy(gpu->fields[i], word, 95);
            else if (sscanf(word, "%u:%llu", &gpu->pids[gpu->count], &gpu->memory[gpu->count]) == 2) gpu->count++;
        }
    }
    fclose(file);
    return index;
}

static int number(void *handle, int field, unsigned long long *value) {
    Gpu gpu;
    if (read_gpu((int)(long)handle - 1, &gpu) < 0) return DRIVER_NOT_LOADED;
    if (!strcmp(gpu.fields[field], "-")) return NOT_SUPPORTED;
    *value = strtoull(gpu.fields[field], NULL, 10);
    return SUCCESS;
}

static int text(void *handle, int field, char *buffer, unsigned length) {
    Gpu gpu;
    if (read_gpu((int)(long)handle - 1, &gpu) < 0) return DRIVER_NOT_LOADED;
    snprintf(buffer, length, "%s", gpu.fields[field]);
    return SUCCESS;
}

int nvmlInitWithFlags(unsigned flags) {
    Gpu gpu;
    return read_gpu(-1, &gpu) < 0 ? DRIVER_NOT_LOADED : SUCCESS;
}

int nvmlShutdown(void) { return SUCCESS; }

const char *nvmlErrorString(int code) {
    switch (code) {
    case NOT_SUPPORTED: return "Not Supported";
    case DRIVER_NOT_LOADED: return "Driver Not Loaded";
    case GPU_IS_LOST: return "GPU is lost";
    default: return "Unknown Error";
    }
}

int nvmlDeviceGetCount_v2(unsigned *count) {
    Gpu gpu;
    int found = read_gpu(-1, &gpu);
    if (found < 0) return DRIVER_NOT_LOADED;
    *count = (unsigned)found;
    return SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **handle) {
    Gpu gpu;
    if (read_gpu((int)index, &gpu) < 0) return DRIVER_NOT_LOADED;
    if (!strcmp(gpu.fields[0], "lost")) return GPU_IS_LOST;
    *handle = (void *)(long)(index + 1);
    return SUCCESS;
}

int nvmlDeviceGetPciInfo_v3(void *handle, Pci *pci) {
    memset(pci, 0, sizeof *pci);
    return text(handle, 0, pci->bus_id, sizeof pci->bus_id);
}

int nvmlDeviceGetUUID(void *handle, char *buffer, unsigned length) { return text(handle, 1, buffer, length); }
int nvmlDeviceGetName(void *handle, char *buffer, unsigned length) { return text(handle, 2, buffer, length); }

int nvmlDeviceGetMemoryInfo(void *handle, unsigned long long memory[3]) {
    int code = number(handle, 3, &memory[0]);
    if (code == SUCCESS) code = number(handle, 4, &memory[2]);
    memory[1] = memory[0] - memory[2];
    return code;
}

int nvmlDeviceGetUtilizationRates(void *handle, unsigned rates[2]) {
    unsigned long long value = 0;
    int code = number(handle, 5, &value);
    rates[0] = rates[1] = (unsigned)value;
    return code;
}

int nvmlDeviceGetTemperature(void *handle, unsigned sensor, unsigned *value) {
    unsigned long long found = 0;
    int code = number(handle, 6, &found);
    *value = (unsigned)found;
    return code;
}

int nvmlDeviceGetPowerUsage(void *handle, unsigned *value) {
    unsigned long long found = 0;
    int code = number(handle, 7, &found);
    *value = (unsigned)found;
    return code;
}

int nvmlDeviceGetComputeRunningProcesses_v3(void *handle, unsigned *count, Process *processes) {
    Gpu gpu;
    if (read_gpu((int)(long)handle - 1, &gpu) < 0) return DRIVER_NOT_LOADED;
    unsigned room = *count;
    *count = (unsigned)gpu.count;
    if (!gpu.count) return SUCCESS;
    if (room < (unsigned)gpu.count) return INSUFFICIENT_SIZE;
    for (int i = 0; i < gpu.count; i++) processes[i] = (Process){gpu.pids[i], gpu.memory[i], 0, 0};
    return SUCCESS;
}
