<#
.SYNOPSIS
    Makes the module as it is published: a folder, and a .nupkg of it.
.PARAMETER OutputPath
    Where both go: MptTools/VERSION/ and MptTools.VERSION.nupkg. What is there of the same version is replaced.
.PARAMETER BinaryPath
    A build to take the assemblies from. Without it they are built anew, and MptTools.dll is compiled ahead (ReadyToRun), for a quicker import.
#>
[CmdletBinding()]
param(
    [string] $OutputPath = (Join-Path $PSScriptRoot '../../artifacts'),
    [string] $BinaryPath
)

$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true
$root = (Resolve-Path (Join-Path $PSScriptRoot '../..')).Path
Import-Module (Join-Path $PSScriptRoot Nupkg.psm1)

# All that is packed; what is not named here stays out. No symbols: they are half of the size, and the build is deterministic, so that anybody
# who needs them can make them from the sources of the version.
$assemblies = 'MptTools.dll', 'MptTools.Engine.dll', 'MptTools.Lab.dll', 'mpt.dll', 'mptsrv.dll', 'mpt.runtimeconfig.json', 'mptsrv.runtimeconfig.json'
$texts = 'MptTools.psd1', 'LICENSE', 'README.md', 'CHANGELOG.md'
$folders = 'en-US', 'conf'

$work = Join-Path ([IO.Path]::GetTempPath()) "mpttools-package-$PID"
try {
    if (-not $BinaryPath) {
        $BinaryPath = Join-Path $work plain
        dotnet publish (Join-Path $root cmdlets) --configuration Release --runtime linux-x64 --no-self-contained -p:PublishReadyToRun=true `
            "-p:ModuleBinaries=$BinaryPath/" --output (Join-Path $work ahead)
        # Only what an import has to run. The engine is compiled where it runs, and better for it: its threads stay in loops whose code was
        # compiled ahead for any processor. On other processors than x64 the code that was compiled ahead is left aside.
        Copy-Item (Join-Path $work ahead/MptTools.dll) $BinaryPath
    }

    $manifest = Import-PowerShellDataFile (Join-Path $root MptTools.psd1)
    $module = Join-Path $OutputPath "MptTools/$($manifest.ModuleVersion)"
    if (Test-Path $module) { Remove-Item $module -Recurse -Force }
    $null = New-Item -ItemType Directory $module, (Join-Path $module bin), (Join-Path $module Formats)
    Copy-Item ($texts | ForEach-Object { Join-Path $root $_ }) $module
    Copy-Item ($folders | ForEach-Object { Join-Path $root $_ }) $module -Recurse
    Copy-Item (@($manifest.FormatsToProcess) + $manifest.TypesToProcess | ForEach-Object { Join-Path $root $_ }) (Join-Path $module Formats)
    Copy-Item ($assemblies | ForEach-Object { Join-Path $BinaryPath $_ }) (Join-Path $module bin)
    foreach ($program in 'mpt', 'mptsrv') { Copy-Item (Join-Path $root src/launcher.sh) (Join-Path $module "bin/$program") }

    $null = Test-ModuleManifest (Join-Path $module MptTools.psd1)
    $package = Join-Path $OutputPath "MptTools.$($manifest.ModuleVersion).nupkg"
    New-Nupkg -Path $module -Manifest $manifest -Destination $package
    Get-Item $module, $package
}
finally {
    Remove-Item $work -Recurse -Force -ErrorAction Ignore
}
