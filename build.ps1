#!/usr/bin/env pwsh
<#
.SYNOPSIS
    Builds, tests and measures MptTools.
.EXAMPLE
    ./build.ps1
    Builds everything; Import-Module ./MptTools.psd1 works afterwards.
.EXAMPLE
    sudo pwsh ./build.ps1 Build, Test -Configuration Release
    Builds and runs all tests. Without root those that need network namespaces are skipped.
.EXAMPLE
    sudo pwsh ./build.ps1 Bench
    Measures the whole tunnel, always as a release build; see docs/benchmark.md.
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)]
    [ValidateSet('Build', 'Test', 'Bench')]
    [string[]] $Task = 'Build',

    [ValidateSet('Debug', 'Release')]
    [string] $Configuration = 'Debug'
)

$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true
$solution = Join-Path $PSScriptRoot 'MptTools.slnx'

$tasks = @{
    Build = { dotnet build $solution --configuration $Configuration }
    Test  = { dotnet test $solution --configuration $Configuration }
    Bench = { dotnet run --configuration Release --project (Join-Path $PSScriptRoot 'tests/Bench') -- tunnel }
}

foreach ($name in $Task) {
    Write-Host "$name ($Configuration)" -ForegroundColor Cyan
    & $tasks[$name]
}
