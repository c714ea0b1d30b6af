# Runs all Pester tests; writes each failure in full and a last line with the counts. Exit code: the number of failures.
param([string] $Path = $PSScriptRoot)

$ErrorActionPreference = 'Stop'
$PSStyle.OutputRendering = 'PlainText'
Import-Module Pester -MinimumVersion 5.5

$configuration = New-PesterConfiguration
$configuration.Run.Path = $Path
$configuration.Run.PassThru = $true
$configuration.Output.Verbosity = 'None'
$result = Invoke-Pester -Configuration $configuration

foreach ($failure in @($result.FailedContainers) + @($result.FailedBlocks) + @($result.Failed)) {
    "FAILED: $($failure.ExpandedPath ?? $failure.Item)"
    $failure.ErrorRecord | ForEach-Object { "$($_.DisplayErrorMessage ?? $_.Exception.Message)`n$($_.DisplayStackTrace ?? $_.ScriptStackTrace)" }
}
"passed $($result.PassedCount), failed $($result.FailedCount), skipped $($result.SkippedCount)"
exit $result.FailedCount + $result.FailedBlocksCount + $result.FailedContainersCount
