# The pages in docs/, the help that is made of them, and that the examples in them are true.
BeforeDiscovery {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    $root = (Resolve-Path $PSScriptRoot/../..).Path
    $cmdlets = (Import-PowerShellDataFile $root/MptTools.psd1).CmdletsToExport
    $topics = 'about_MptTools', 'about_MptTools_Configuration', 'about_MptTools_Multipath'
    $obstacle = Get-LabObstacle
    if ($obstacle) { Write-Warning "The examples in docs are NOT run: $obstacle." }
    $withoutPlatyPS = -not (Get-Module -ListAvailable Microsoft.PowerShell.PlatyPS | Where-Object Version -ge ([version] '1.0'))
    if ($withoutPlatyPS) { Write-Warning 'en-US is NOT compared with docs: there is no Microsoft.PowerShell.PlatyPS 1.0. Install-PSResource Microsoft.PowerShell.PlatyPS.' }
}

BeforeAll {
    $root = (Resolve-Path $PSScriptRoot/../..).Path
    Import-Module $root/MptTools.psd1
    Import-Module $PSScriptRoot/Examples.psm1
    $common = [Management.Automation.PSCmdlet]::CommonParameters
}

Describe 'The help in en-US' {
    It 'is what the pages in docs give' -Skip:$withoutPlatyPS {
        $fresh = Join-Path $TestDrive help
        $said = & (Get-Process -Id $PID).Path -NoProfile -NonInteractive -File $root/src/build/Docs.ps1 -Check -OutputPath $fresh 2>&1
        $LASTEXITCODE | Should -Be 0 -Because ($said -join "`n")
        (Get-ChildItem $root/en-US).Name | Should -Be (Get-ChildItem $fresh).Name
        foreach ($file in Get-ChildItem $fresh) {
            # Not piped to Should: a difference in a file of thousands of lines is told by its place, not by the file.
            $made = [IO.File]::ReadAllLines($file.FullName)
            $kept = [IO.File]::ReadAllLines("$root/en-US/$($file.Name)")
            foreach ($n in 0..([Math]::Max($made.Count, $kept.Count) - 1)) {
                if ($made[$n] -cne $kept[$n]) { throw "en-US/$($file.Name), line $($n + 1), is '$($kept[$n])' where docs give '$($made[$n])'. Run ./build.ps1 Docs." }
            }
        }
    }

    It 'has <_>, and it fits 80 columns' -ForEach $topics {
        $text = Get-Help $_
        $text | Should -BeOfType [string]
        $lines = $text -split '\r?\n'
        $lines.Count | Should -BeGreaterThan 60
        ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 80
        $lines[1].Trim() | Should -Be $_
        (Get-Help "$_*" | Where-Object Name -EQ $_).Synopsis | Should -Not -BeNullOrEmpty
    }
}

Describe 'The about_ topics' {
    It 'name no cmdlet that does not exist' {
        $exported = (Get-Module MptTools).ExportedCommands.Keys
        foreach ($page in Get-ChildItem $root/docs -Filter about_*.md) {
            [regex]::Matches((Get-Content $page -Raw), '\b[A-Z]\w+-Mpt\w+').Value | Where-Object { $_ -notin $exported } | Should -BeNullOrEmpty -Because "$($page.Name) speaks of it"
        }
    }
}

Describe 'The help of <_>' -ForEach $cmdlets {
    BeforeAll {
        $command = Get-Command $_
        $page = "$root/docs/$_.md"
        $help = Get-Help $_ -Full
    }

    It 'has a synopsis and a description' {
        $help.Synopsis | Should -Match '^[A-Z].+\.$'
        # What PowerShell makes up where there is no help is the syntax.
        $help.Synopsis | Should -Not -Match ([regex]::Escape("$_ ["))
        "$($help.description.Text)".Length | Should -BeGreaterThan 80
    }

    It 'tells what the existing programs have for it' {
        "$($help.description.Text)" | Should -MatchExactly '\bmpt(srv)?\b'
    }

    It 'has a text for every parameter' {
        foreach ($name in $command.Parameters.Keys | Where-Object { $_ -notin $common }) {
            $parameter = Get-Help $command.Name -Parameter $name
            ($parameter.description.Text -join ' ').Trim() | Should -Match '^\S.{9,}' -Because "-$name needs a text"
        }
        $help.parameters.parameter.name | Sort-Object | Should -Be ($command.Parameters.Keys | Where-Object { $_ -notin $common } | Sort-Object)
    }

    It 'has three examples that show what comes out' {
        Get-PageExample $page | Where-Object { $_.Shown.Where({ $_.Trim() }) } | Select-Object -Unique -ExpandProperty Example |
            Measure-Object | ForEach-Object Count | Should -BeGreaterOrEqual 3
        $help.examples.example.Count | Should -BeGreaterOrEqual 3
        foreach ($example in $help.examples.example) {
            $example.code | Should -Match '^PS> '
            $example.title | Should -Match '^Example \d+: \S'
        }
    }

    It 'leads on to pages that exist' {
        $help.relatedLinks.navigationLink | Should -Not -BeNullOrEmpty
        foreach ($link in [regex]::Matches((Get-Content $page -Raw), '\]\((?!https?:)(?<file>[^)#\s]+)')) {
            "$root/docs/$($link.Groups['file'].Value)" | Should -Exist
        }
    }
}

Describe 'The examples' -Skip:([bool] $obstacle) {
    BeforeAll {
        $results = @{}
        $pages = Get-ChildItem $root/docs -Filter *-Mpt*.md
        Test-PageExample $pages.FullName | ForEach-Object { $results[$_.Name] = $_ }
    }

    It 'of <_> run and give what the page shows' -ForEach $cmdlets {
        $results[$_] | Should -Not -BeNullOrEmpty -Because 'its page must have been run'
        $results[$_].Faults | Should -BeNullOrEmpty
        $results[$_].Examples | Should -Not -BeNullOrEmpty
    }
}

Describe 'The comparison of examples' {
    It 'says <Verdict> of <What>' -ForEach @(
        @{ What = 'other numbers'; Shown = 'Sent 10  12.5 Mbit/s'; Text = 'Sent 7  980 kbit/s'; Faults = 0; Verdict = 'nothing' }
        @{ What = 'another unit'; Shown = 'Sent 32.3 KiB'; Text = 'Sent 576 B'; Faults = 0; Verdict = 'nothing' }
        @{ What = 'another address'; Shown = 'to 10.1.1.2'; Text = 'to 10.1.1.3'; Faults = 1; Verdict = 'a fault' }
        @{ What = 'another word'; Shown = 'Status : Up'; Text = 'Status : Down'; Faults = 1; Verdict = 'a fault' }
        @{ What = 'a missing column'; Shown = "Name Sent`n---- ----"; Text = "Name`n----"; Faults = 1; Verdict = 'a fault' }
        @{ What = 'another width of columns'; Shown = "Name Sent`n---- ----"; Text = "Name   Sent`n-----  ----"; Faults = 0; Verdict = 'nothing' }
        @{ What = 'left-out lines'; Shown = "one`n..."; Text = "one`ntwo"; Faults = 0; Verdict = 'nothing' }
        @{ What = 'output that is not shown'; Shown = ''; Text = 'one'; Faults = 1; Verdict = 'a fault' }
        @{ What = 'an error that is not shown'; Shown = 'one'; Text = 'one'; Errors = 'No server runs.'; Faults = 1; Verdict = 'a fault' }
        @{ What = 'an error that is shown'; Shown = 'Get-X: No server runs.'; Text = 'Get-X: No server runs.'; Errors = 'No server runs.'; Faults = 0; Verdict = 'nothing' }
        @{ What = 'a shown error that does not come'; Shown = 'Get-X: No server runs.'; Text = ''; Faults = 1; Verdict = 'a fault' }
        @{ What = 'another time'; Shown = '2026-11-21T10:00:00.1Z a'; Text = '2027-01-02T03:04:05Z a'; Faults = 0; Verdict = 'nothing' }
        @{ What = 'another key'; Shown = '00112233445566778899aabbccddeeff'; Text = 'ffeeddccbbaa99887766554433221100'; Faults = 0; Verdict = 'nothing' }
    ) {
        $example = [pscustomobject]@{ Command = 'x'; Shown = [Collections.Generic.List[string]] ($Shown -split '\n') }
        $answer = [pscustomobject]@{ Text = $Text; Errors = @($Errors | Where-Object { $_ }) }
        @(Compare-PageExample $example $answer) | Should -HaveCount $Faults
    }
}
