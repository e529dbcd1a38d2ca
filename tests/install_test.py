#!/usr/bin/env python3
"""install_test.py BUILD: installs the build into a temporary folder; a C++14 client without RTTI compiles, links and runs
against it with the flags of pkg-config and with the CMake packages; the library says its version by a symbol."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent / "install"


def run(*command, **more):
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True, **more)
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command))}\nended with {result.returncode}:\n{result.stdout}{result.stderr}")
    return result.stdout


def environment(libraries):
    variables = {k: v for k, v in os.environ.items() if k != "LD_LIBRARY_PATH"}
    return dict(variables, TENON_DEVICE="cpu", PKG_CONFIG_PATH=str(libraries / "pkgconfig"))


def check_client(program, env):
    found = run(program, env=env)
    if found != "0 2 0 4\n":
        sys.exit(f"{program}: printed {found!r}")


def with_pkg_config(prefix, libraries, env):
    flags = run("pkg-config", "--cflags", "--libs", "tensorrt", env=env).split()
    program = prefix / "by_pkg_config"
    run("c++", "-std=c++14", "-fno-rtti", "-Wno-deprecated-declarations", HERE / "client.cpp", "-o", program, *flags, f"-Wl,-rpath,{libraries}")
    check_client(program, env)


def with_cmake(prefix, env):
    build = prefix / "project"
    run("cmake", "-S", HERE, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}", env=env)
    run("cmake", "--build", build, env=env)
    check_client(build / "client", env)


def main():
    prefix = pathlib.Path(tempfile.mkdtemp(prefix="tenon-install-"))
    try:
        run("cmake", "--install", sys.argv[1], "--prefix", prefix)
        libraries = next(prefix.rglob("libnvinfer.so.8")).parent
        env = environment(libraries)
        symbols = run("nm", "-D", libraries / "libnvinfer.so.8")
        if "tensorrt_version_8_6_1_" not in symbols:
            sys.exit("libnvinfer.so.8 has no symbol tensorrt_version_8_6_1_<build>")
        if shutil.which("pkg-config"):
            with_pkg_config(prefix, libraries, env)
        with_cmake(prefix, env)
        run(prefix / "bin/tenon", "--version", env=env)
        run(prefix / "bin/trtexec", "--help", env=env)
    finally:
        shutil.rmtree(prefix)
    print("install_test: a client builds and runs against the installed libraries")


if __name__ == "__main__":
    main()
