<#
.SYNOPSIS
    Makes en-US/ from docs/: MptTools.dll-Help.xml and the about_ topics.
.DESCRIPTION
    Brings the pages' syntax and parameter tables to what the cmdlets are, makes a page to fill in for a cmdlet that has none, checks
    all pages, and writes what Get-Help reads. The same pages give the same files on every machine and day.
.PARAMETER OutputPath
    Where the files go; en-US of the repository where left out.
.PARAMETER Check
    Leave the pages as they are: one that is not in step with its cmdlet is a fault.
#>
[CmdletBinding()]
param(
    [string] $OutputPath = (Join-Path $PSScriptRoot '../../en-US'),
    [switch] $Check
)

$ErrorActionPreference = 'Stop'
$root = (Resolve-Path (Join-Path $PSScriptRoot '../..')).Path
$docs = Join-Path $root docs
if (-not (Get-Module -ListAvailable Microsoft.PowerShell.PlatyPS)) {
    throw "The help is made with Microsoft.PowerShell.PlatyPS 1.0, which is not here. Install it: Install-PSResource Microsoft.PowerShell.PlatyPS"
}
Import-Module Microsoft.PowerShell.PlatyPS -MinimumVersion 1.0
Import-Module (Join-Path $root MptTools.psd1) -Force
Import-Module (Join-Path $PSScriptRoot Markdown.psm1), (Join-Path $PSScriptRoot CommandPage.psm1), (Join-Path $PSScriptRoot Maml.psm1) -Force

$faults = [Collections.Generic.List[string]]::new()
$work = (New-Item -ItemType Directory (Join-Path ([IO.Path]::GetTempPath()) "mpttools-docs-$PID") -Force).FullName
try {
    $commands = Get-Command -Module MptTools -CommandType Cmdlet | Sort-Object Name
    $help = foreach ($command in $commands) {
        $page = Join-Path $docs "$($command.Name).md"
        if (-not (Test-Path $page)) {
            if ($Check) {
                $faults.Add("docs/$($command.Name).md: there is no such page.")
                continue
            }
            $null = New-MarkdownCommandHelp -CommandInfo $command -OutputFolder $work -Force
            Move-Item (Join-Path $work "MptTools/$($command.Name).md") $page
        }
        $was = [IO.File]::ReadAllText($page)
        $text = Update-CommandPage $was $command
        if ($text -cne $was) {
            if ($Check) { $faults.Add("docs/$($command.Name).md: is not in step with the cmdlet.") }
            else { [IO.File]::WriteAllText($page, $text) }
        }
        foreach ($fault in Get-PageFault $text $command) { $faults.Add("docs/$($command.Name).md: $fault") }
        $read = Import-MarkdownCommandHelp $page
        # A date would change with each run, and not every cmdlet needs notes.
        foreach ($message in $read.Diagnostics.Messages | Where-Object {
                $_.Severity -ne 'Information' -and "$($_.Identifier)$($_.Message)" -notmatch "not found 'ms.date'|Notes content not found" }) {
            $faults.Add("docs/$($command.Name).md: line $($message.Line): $($message.Message) $($message.Identifier)")
        }
        $read
    }

    $null = New-Item -ItemType Directory $OutputPath -Force
    if ($help) {
        $raw = $help | Export-MamlCommandHelp -OutputFolder $work -Force
        $maml = Convert-Maml ([xml] (Get-Content $raw.FullName -Raw)) $help
        [IO.File]::WriteAllText((Join-Path $OutputPath MptTools.dll-Help.xml), $maml)
    }
    foreach ($about in Get-ChildItem $docs -Filter about_*.md) {
        $text = ConvertTo-AboutText ([IO.File]::ReadAllText($about.FullName))
        foreach ($line in $text -split "`n" | Where-Object Length -GT 80) { $faults.Add("docs/$($about.Name): does not fit 80 columns in Get-Help: $($line.Trim())") }
        [IO.File]::WriteAllText((Join-Path $OutputPath "$($about.BaseName).help.txt"), $text)
    }
}
finally {
    Remove-Item $work -Recurse -Force -ErrorAction Ignore
}

if ($faults.Count) {
    $faults | ForEach-Object { [Console]::Error.WriteLine($_) }
    throw "The pages in docs have $($faults.Count) faults, see above."
}
