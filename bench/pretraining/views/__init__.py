"""One declaration of views, two executors: OpenCV and numba for one image on the CPU, torch for a batch on a device."""
