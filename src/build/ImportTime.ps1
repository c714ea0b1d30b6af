<#
.SYNOPSIS
    Measures what Import-Module MptTools adds to the start of a bare pwsh.
.DESCRIPTION
    Starts pwsh in turns, bare, with the module of artifacts/ and with that of the repository, and takes medians: what disturbs the machine for a
    while disturbs all of them.
.PARAMETER Rounds
    How often each is started, after one round that does not count.
#>
[CmdletBinding()]
param([ValidateRange(1, 1000)] [int] $Rounds = 10)

$ErrorActionPreference = 'Stop'
$root = (Resolve-Path (Join-Path $PSScriptRoot '../..')).Path
$version = (Import-PowerShellDataFile (Join-Path $root MptTools.psd1)).ModuleVersion
$cases = [ordered]@{
    'bare pwsh'              = '1'
    'module as it is packed' = "Import-Module '$(Join-Path $root "artifacts/MptTools/$version/MptTools.psd1")'"
    'module as it is built'  = "Import-Module '$(Join-Path $root MptTools.psd1)'"
}
$pwsh = (Get-Process -Id $PID).Path
$taken = @{}
foreach ($round in 0..$Rounds) {
    foreach ($case in $cases.Keys) {
        $watch = [Diagnostics.Stopwatch]::StartNew()
        & $pwsh -NoProfile -NonInteractive -Command "`$null = $($cases[$case])"
        if ($LASTEXITCODE) { throw "pwsh ended with $LASTEXITCODE in: $case" }
        if ($round) { $taken[$case] += , $watch.Elapsed.TotalMilliseconds }
    }
}
$median = {
    $sorted = @($args[0] | Sort-Object)
    ($sorted[($sorted.Count - 1) -shr 1] + $sorted[$sorted.Count -shr 1]) / 2
}
$bare = & $median $taken['bare pwsh']
foreach ($case in $cases.Keys) {
    $middle = & $median $taken[$case]
    [pscustomobject]@{
        Start     = $case
        MedianMs  = [Math]::Round($middle)
        AddedMs   = [Math]::Round($middle - $bare)
        FastestMs = [Math]::Round(($taken[$case] | Measure-Object -Minimum).Minimum)
    }
}
