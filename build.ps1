#!/usr/bin/env pwsh
<#
.SYNOPSIS
    Builds, tests and measures MptTools, and makes its help.
.DESCRIPTION
    Docs makes en-US/ from docs/ with Microsoft.PowerShell.PlatyPS 1.0, and brings the pages' syntax and parameter tables to what the
    cmdlets are; a cmdlet without a page gets one to fill in. What it makes is committed. Where a merge finds both sides' en-US/ changed,
    take either and run Docs again: the same pages always give the same files.

    Examples runs the examples of the pages in docs/ on two hosts in network namespaces and writes beneath each command what it really
    gives. It needs root.

    Package makes artifacts/MptTools/VERSION/, a folder for any directory of PSModulePath, and artifacts/MptTools.VERSION.nupkg, always as a
    release build. Publish-PSResource -NupkgPath takes the latter.

    Analyze has PSScriptAnalyzer look at all scripts. Coverage runs the Pester suite and tells which lines of cmdlets/ it has run. ImportTime
    measures what the packed module adds to the start of a bare pwsh.
.PARAMETER Page
    The cmdlets whose pages Examples runs; all where left out.
.EXAMPLE
    ./build.ps1
    Builds everything; Import-Module ./MptTools.psd1 works afterwards.
.EXAMPLE
    sudo pwsh ./build.ps1 Build, Test -Configuration Release
    Builds and runs all tests. Without root those that need network namespaces are skipped.
.EXAMPLE
    sudo pwsh ./build.ps1 Examples, Docs -Page Get-MptPath
    Runs the examples of a page, writes what they give into it, and makes the help anew.
.EXAMPLE
    sudo pwsh ./build.ps1 Bench
    Measures the whole tunnel, always as a release build; see docs/benchmark.md.
#>
[CmdletBinding()]
[Diagnostics.CodeAnalysis.SuppressMessage('PSReviewUnusedParameter', 'Page', Justification = 'A task in the table below uses it.')]
param(
    [Parameter(Position = 0)]
    [ValidateSet('Build', 'Test', 'Analyze', 'Docs', 'Examples', 'Package', 'Coverage', 'ImportTime', 'Bench')]
    [string[]] $Task = 'Build',

    [ValidateSet('Debug', 'Release')]
    [string] $Configuration = 'Debug',

    [string[]] $Page = '*-Mpt*'
)

$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true
$solution = Join-Path $PSScriptRoot 'MptTools.slnx'

# The module cannot be loaded here: a loaded assembly is not built anew.
function Invoke-Script([string] $Script, [string[]] $Argument) {
    & (Get-Process -Id $PID).Path -NoProfile -File (Join-Path $PSScriptRoot $Script) @Argument
}

$tasks = @{
    Build      = { dotnet build $solution --configuration $Configuration }
    Test       = { dotnet test $solution --configuration $Configuration }
    Docs       = {
        dotnet build (Join-Path $PSScriptRoot 'cmdlets') --configuration $Configuration
        Invoke-Script 'src/build/Docs.ps1'
    }
    Examples   = {
        dotnet build (Join-Path $PSScriptRoot 'cmdlets') --configuration $Configuration
        Invoke-Script 'src/build/Examples.ps1' $Page
    }
    Analyze    = { Invoke-Script 'src/build/Analyze.ps1' }
    Package    = { Invoke-Script 'src/build/Package.ps1' }
    Coverage   = { Invoke-Script 'src/build/Coverage.ps1' }
    ImportTime = { Invoke-Script 'src/build/Package.ps1'; Invoke-Script 'src/build/ImportTime.ps1' }
    Bench      = { dotnet run --configuration Release --project (Join-Path $PSScriptRoot 'tests/Bench') -- tunnel }
}

foreach ($name in $Task) {
    Write-Information "$($PSStyle.Foreground.Cyan)$name ($Configuration)$($PSStyle.Reset)" -InformationAction Continue
    & $tasks[$name]
}
