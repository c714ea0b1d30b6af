#!/bin/sh
# mpt or mptsrv, whichever this file is called: by the .NET runtime of the host, or by the one that PowerShell brings.
self=$(readlink -f "$0")
program="${self%/*}/${0##*/}.dll"
dotnet=$(command -v dotnet) && for runtime in "$(dirname "$(readlink -f "$dotnet")")"/shared/Microsoft.NETCore.App/10.*; do
    [ -d "$runtime" ] && exec "$dotnet" "$program" "$@"
done
pwsh=$(command -v pwsh) || {
    echo "${0##*/}: There is neither a .NET 10 runtime nor PowerShell 7.6 on PATH. Install one of them." >&2
    exit 1
}
DOTNET_STARTUP_HOOKS="$program" DOTNET_TieredCompilation=0 exec "$pwsh" "$@"
