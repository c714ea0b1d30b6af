<#
.SYNOPSIS
    Runs the Pester suite and tells which part of cmdlets/ it has run, a line a file, and artifacts/coverage/coverage.cobertura.xml for other tools.
.DESCRIPTION
    The module in bin/ counts its lines while the tests run, in every pwsh that they start, and is as it was afterwards.
.PARAMETER Path
    The tests to run; all in tests/Pester where left out.
#>
[CmdletBinding()]
param([string] $Path = (Join-Path $PSScriptRoot '../../tests/Pester'))

$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true
$root = (Resolve-Path (Join-Path $PSScriptRoot '../..')).Path
$kept = Join-Path ([IO.Path]::GetTempPath()) "mpttools-coverage-$PID"
dotnet build (Join-Path $root cmdlets) --configuration Release
Copy-Item (Join-Path $root bin) $kept -Recurse
try {
    dotnet restore (Join-Path $root tests/Coverage)
    dotnet msbuild (Join-Path $root tests/Coverage) -t:Cover "-p:PesterPath=$((Resolve-Path $Path).Path)"
}
finally {
    Copy-Item "$kept/*" (Join-Path $root bin) -Force
    Remove-Item $kept -Recurse -Force
}

$report = [xml] (Get-Content (Join-Path $root artifacts/coverage/coverage.cobertura.xml) -Raw)
# A file may have several classes, and a line may stand in more than one of them.
$lines = foreach ($class in $report.SelectNodes('//class')) {
    foreach ($line in $class.SelectNodes('lines/line')) {
        [pscustomobject]@{ File = $class.filename -replace '^.*cmdlets/'; Number = [int] $line.number; IsHit = [int] $line.hits -gt 0 }
    }
}
$files = foreach ($group in $lines | Group-Object File | Sort-Object Name) {
    $all = @($group.Group | Group-Object Number)
    [pscustomobject]@{ File = $group.Name; Lines = $all.Count; Run = @($all | Where-Object { $_.Group.IsHit -contains $true }).Count }
}
$percent = @{ Name = '%'; Expression = { [Math]::Round(100 * $_.Run / $_.Lines, 1) } }
$files | Format-Table File, Lines, Run, $percent -AutoSize
$total, $run = ($files | Measure-Object Lines, Run -Sum).Sum
"cmdlets/: $run of $total lines, $([Math]::Round(100 * $run / $total, 1)) %"
