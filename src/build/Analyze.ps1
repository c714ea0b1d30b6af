<#
.SYNOPSIS
    Has PSScriptAnalyzer look at the manifest and at all scripts. Ends with 1 where it finds something.
#>
[CmdletBinding()]
param()

$ErrorActionPreference = 'Stop'
$root = (Resolve-Path (Join-Path $PSScriptRoot '../..')).Path
if (-not (Get-Module -ListAvailable PSScriptAnalyzer)) { throw 'There is no PSScriptAnalyzer. Install it: Install-PSResource PSScriptAnalyzer' }

$findings = @(
    foreach ($path in 'build.ps1', 'MptTools.psd1', 'src/build') { Invoke-ScriptAnalyzer (Join-Path $root $path) -Recurse -Settings (Join-Path $root PSScriptAnalyzerSettings.psd1) }
    Invoke-ScriptAnalyzer (Join-Path $root tests/Pester) -Recurse -Settings (Join-Path $root tests/Pester/PSScriptAnalyzerSettings.psd1)
)
foreach ($finding in $findings) {
    "$([IO.Path]::GetRelativePath($root, $finding.ScriptPath))($($finding.Line)): $($finding.Severity): $($finding.RuleName): $($finding.Message)"
}
"$($findings.Count) findings"
exit [int] ($findings.Count -gt 0)
