<#
.SYNOPSIS
    Runs the examples of the pages in docs/ and writes what they give beneath them.
.PARAMETER Page
    The cmdlets whose pages are meant; wildcards are allowed.
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0, ValueFromRemainingArguments)]
    [string[]] $Page = '*-Mpt*'
)

$ErrorActionPreference = 'Stop'
Import-Module (Join-Path $PSScriptRoot '../../tests/Pester/Examples.psm1')
Update-PageExample ($Page | ForEach-Object { (Get-ChildItem (Join-Path $PSScriptRoot '../../docs') -Filter "$_.md").FullName })
