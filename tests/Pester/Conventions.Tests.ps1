# What people who know PowerShell expect of every cmdlet, and what ScriptAnalyzer says of the scripts. Needs no privileges and no Linux.
BeforeDiscovery {
    $root = (Resolve-Path $PSScriptRoot/../..).Path
    $cmdlets = (Import-PowerShellDataFile $root/MptTools.psd1).CmdletsToExport
    $withoutAnalyzer = -not (Get-Module -ListAvailable PSScriptAnalyzer)
    if ($withoutAnalyzer) { Write-Warning 'The scripts are NOT analyzed: there is no PSScriptAnalyzer. Install-PSResource PSScriptAnalyzer.' }
}

BeforeAll {
    $root = (Resolve-Path $PSScriptRoot/../..).Path
    Import-Module $root/MptTools.psd1
    $common = [Management.Automation.PSCmdlet]::CommonParameters + [Management.Automation.PSCmdlet]::OptionalCommonParameters
    # Address, Status and the like are no plurals, and a unit is written as it is spoken.
    $plural = '(?<![aius])s$'
    $unit = '(Seconds|Milliseconds|Bytes|Packets|Times|Mbps)$'
    # These make an object or a text, and touch nothing.
    $makers = 'New-MptKey', 'New-MptPath'
    $changing = 'Add', 'Import', 'New', 'Register', 'Remove', 'Restart', 'Save', 'Set', 'Start', 'Stop', 'Unregister'
    $silent = 'Import', 'Remove', 'Restart', 'Save', 'Set', 'Stop', 'Unregister'
    # The names that a running server knows, and the cmdlets whose own subject they are.
    $completed = 'Server', 'Connection', 'Interface', 'Tunnel'
    # What a changing cmdlet may take from a piped object: what the object is called, never what it is set to.
    $identity = 'Server', 'Connection', 'Index', 'Name', 'Path', 'ConfigPath', 'Interface', 'Address', 'Lab', 'Host', 'Link', 'Source', 'Destination', 'InputObject'

    function Get-OwnParameter($Command) { $Command.Parameters.Values | Where-Object Name -NotIn $common }
    function Test-Attribute($Parameter, [string] $Name) { [bool] ($Parameter.Attributes | Where-Object { $_.GetType().Name -like $Name }) }
}

Describe 'The cmdlet <_>' -ForEach $cmdlets {
    BeforeAll {
        $command = Get-Command $_
        $parameters = @(Get-OwnParameter $command)
    }

    It 'has an approved verb and a singular noun' {
        (Get-Verb).Verb | Should -Contain $command.Verb
        $command.Noun | Should -MatchExactly '^Mpt([A-Z][a-z]+)+$'
        $command.Noun | Should -Not -Match $plural
    }

    It 'says what it gives' {
        if ($command.Verb -notin $silent -or $command.Parameters.ContainsKey('PassThru')) { $command.OutputType | Should -Not -BeNullOrEmpty }
        $command.OutputType.Type | Where-Object { $_.FullName -like 'MptTools.Engine*' } | Should -BeNullOrEmpty -Because 'what the engine has inside is no business of scripts'
    }

    It 'shows what it gives as a table and as a list' {
        foreach ($type in $command.OutputType.Type | Where-Object { $_.Namespace -like 'MptTools*' }) {
            $names = for ($base = $type; $base; $base = $base.BaseType) { $base.FullName }
            $views = $names | ForEach-Object { Get-FormatData -TypeName $_ } | ForEach-Object FormatViewDefinition | ForEach-Object { $_.Control.GetType().Name }
            $views | Should -Contain TableControl -Because $type
            if ($names[1] -eq 'System.Object') { $views | Should -Contain ListControl -Because $type }
        }
    }

    It 'asks before it changes something, if it does' {
        $command.Parameters.ContainsKey('WhatIf') | Should -Be ($command.Verb -in $changing -and $command.Name -notin $makers)
    }

    It 'names its parameters in Pascal case and in the singular' {
        foreach ($parameter in $parameters) {
            $parameter.Name | Should -MatchExactly '^([A-Z][a-z0-9]*)+$'
            if ($parameter.Name -notmatch $unit) { $parameter.Name | Should -Not -Match $plural }
        }
    }

    It 'has a default set where it has several, and at most three parameters by position, none of them a switch' {
        if ($command.ParameterSets.Count -gt 1) { $command.DefaultParameterSet | Should -Not -BeNullOrEmpty }
        foreach ($set in $command.ParameterSets) {
            $positional = @($set.Parameters | Where-Object Position -GE 0)
            $positional.Count | Should -BeLessOrEqual 3 -Because "of set $($set.Name)"
            $positional.ParameterType | Should -Not -Contain ([switch])
            ($positional.Position | Sort-Object) -join ',' | Should -Be ((0..2 | Select-Object -First $positional.Count) -join ',') -Because "of set $($set.Name)"
        }
    }

    It 'takes no null for a text' {
        foreach ($parameter in $parameters | Where-Object { $_.ParameterType -in [string], [string[]] }) {
            $isRequired = -not ($parameter.ParameterSets.Values | Where-Object { -not $_.IsMandatory }) -and -not (Test-Attribute $parameter 'Allow*')
            ($isRequired -or (Test-Attribute $parameter 'Validate*')) | Should -BeTrue -Because "-$($parameter.Name) needs [ValidateNotNullOrEmpty]"
        }
    }

    It 'tells both ends of each range' {
        foreach ($parameter in $parameters) { Test-Attribute $parameter 'ValidateRange*' | Should -BeFalse -Because "-$($parameter.Name) has ValidateNumber" }
    }

    It 'completes the names that a server knows' {
        foreach ($parameter in $parameters) {
            $isSubject = $parameter.Name -eq 'Name' -and $command.Verb -in 'Get', 'Set', 'Remove', 'Restart' -and $command.Noun -in 'MptServer', 'MptConnection', 'MptTunnel'
            if (($parameter.Name -in $completed -and $parameter.ParameterType -in [string], [string[]]) -or $isSubject) {
                Test-Attribute $parameter 'ArgumentCompleter*' | Should -BeTrue -Because "-$($parameter.Name) is such a name"
            }
        }
    }
}

Describe 'The cmdlet <_>, which changes what is there,' -ForEach ($cmdlets -match '^(Set|Remove|Restart|Stop)-') {
    It 'takes from piped objects which thing is meant, and not what to make of it' {
        foreach ($parameter in Get-OwnParameter (Get-Command $_)) {
            if ($parameter.ParameterSets.Values | Where-Object ValueFromPipelineByPropertyName) { $parameter.Name | Should -BeIn $identity }
        }
    }
}

Describe 'The module' {
    It 'has a page of help for every cmdlet and no others' {
        (Get-ChildItem $root/docs -Filter *-Mpt*.md).BaseName | Sort-Object | Should -Be ((Get-Module MptTools).ExportedCmdlets.Keys | Sort-Object)
    }

    It 'loads the format files that lie in Formats, all of them' {
        $manifest = Import-PowerShellDataFile $root/MptTools.psd1
        @($manifest.FormatsToProcess) + $manifest.TypesToProcess | Sort-Object |
            Should -Be (Get-ChildItem $root/Formats -Filter *.ps1xml | ForEach-Object { "Formats/$($_.Name)" } | Sort-Object)
    }

    It 'says nothing about engine types in its views' {
        Select-String -Path $root/Formats/*.ps1xml -Pattern 'MptTools\.Engine' | Should -BeNullOrEmpty
    }

    It 'does not load the lab with it' {
        $loaded = & (Get-Process -Id $PID).Path -NoProfile -NonInteractive -Command "Import-Module $root/MptTools.psd1; [AppDomain]::CurrentDomain.GetAssemblies().GetName().Name"
        $loaded | Should -Contain MptTools
        $loaded | Should -Not -Contain MptTools.Lab
    }
}

Describe 'The scripts' {
    It 'have nothing that ScriptAnalyzer finds' -Skip:$withoutAnalyzer {
        $said = & (Get-Process -Id $PID).Path -NoProfile -NonInteractive -File $root/src/build/Analyze.ps1 2>&1
        $LASTEXITCODE | Should -Be 0 -Because ($said -join "`n")
    }
}
