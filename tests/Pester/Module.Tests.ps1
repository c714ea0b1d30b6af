# The module as it is shipped. Needs no privileges and no Linux.
BeforeDiscovery {
    $root = (Resolve-Path $PSScriptRoot/../..).Path
    $cmdlets = (Import-PowerShellDataFile $root/MptTools.psd1).CmdletsToExport
}

BeforeAll {
    $root = (Resolve-Path $PSScriptRoot/../..).Path
    Import-Module $root/MptTools.psd1 -Force
}

Describe 'The module' {
    It 'has a manifest that holds' {
        (Test-ModuleManifest $root/MptTools.psd1).Version | Should -Be ([version] '0.1.0')
    }

    It 'exports what the manifest says, and no more' {
        $exported = (Get-Module MptTools).ExportedCommands.Keys | Sort-Object
        $manifest = Import-PowerShellDataFile $root/MptTools.psd1
        $exported | Should -Be ($manifest.CmdletsToExport + $manifest.AliasesToExport | Sort-Object)
        (Get-Alias mpt).Definition | Should -Be Invoke-MptCommand
    }
}

Describe '<_>' -ForEach $cmdlets {
    BeforeAll {
        $cmdlet = Get-Command $_
    }

    It 'uses an approved verb' {
        (Get-Verb).Verb | Should -Contain $cmdlet.Verb
    }

    It 'has a page in docs that names every parameter' {
        $page = Get-Content "$root/docs/$($cmdlet.Name).md" -Raw
        $common = [Management.Automation.PSCmdlet]::CommonParameters + [Management.Automation.PSCmdlet]::OptionalCommonParameters
        foreach ($parameter in $cmdlet.Parameters.Keys | Where-Object { $_ -notin $common }) {
            $page | Should -Match "(?m)^### -$parameter\b"
        }
    }

    It 'asks before it changes something, if it does' {
        $cmdlet.Parameters.ContainsKey('WhatIf') | Should -Be ($cmdlet.Verb -in 'Set', 'Stop')
    }

    It 'says what it gives, unless that is nothing' {
        if ($cmdlet.Verb -ne 'Stop') { $cmdlet.OutputType | Should -Not -BeNullOrEmpty }
    }
}

Describe 'Start-MptServer -DisableOffload' {
    It 'takes the names of offloads and no others' {
        $parameter = (Get-Command Start-MptServer).Parameters['DisableOffload']
        $parameter.ParameterType.GetElementType().GetEnumNames() | Should -Be None, TunTcp, TunUdp, TunMerge, UdpSegment, UdpGro, All
        $failure = { Start-MptServer /nonexistent -DisableOffload TunUdp, Gso } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike 'CannotConvertArgumentNoMessage,*'
        $failure.Exception.Message | Should -Match '(?s)Gso.*TunTcp, TunUdp'
    }

    It 'is completed' {
        $line = 'Start-MptServer -DisableOffload Tun'
        (TabExpansion2 $line).CompletionMatches.CompletionText | Should -Be TunMerge, TunTcp, TunUdp
    }
}

Describe 'Tables' {
    It 'fit 80 columns for <Type>' -ForEach @(
        @{ Type = 'PathStatus'; Headers = '#', 'Interface', 'Local', 'Remote', 'Status', 'Detail', 'Weight' }
        @{ Type = 'ConnectionStatus'; Headers = 'Name', 'Local', 'Remote', 'Paths up' }
        @{ Type = 'ServerStatus'; Headers = 'Name', 'Process', 'Tunnels', 'Connections', 'Paths up', 'Offloads' }
        @{ Type = 'MptEvent'; Headers = 'Time', 'Kind', 'Message' }
    ) {
        # Records with the shape of what a server gives; the views go by type name.
        $path = [pscustomobject]@{
            Connection = 'MPT_connection_10.0.0.2'; Index = 0; Interface = 'eth1'; LocalAddress = '10.1.1.2'; RemoteAddress = '10.1.1.3'
            Status = 'Down'; Detail = 'InterfaceDown'; WeightOut = 3; PacketsSent = 10; PacketsReceived = 10
        }
        $sample = switch ($Type) {
            PathStatus { $path }
            ConnectionStatus {
                [pscustomobject]@{
                    Name = 'MPT_connection_10.0.0.2'; LocalAddress = '10.0.0.2'; RemoteAddress = '10.0.0.3'; Paths = @($path)
                    PacketsSent = 10; PacketsReceived = 10; Peer = 'MptTools'
                }
            }
            ServerStatus {
                [pscustomobject]@{
                    Name = 'tun0'; ProcessId = 4711; StartedAt = [DateTimeOffset]::Now
                    Tunnels = @([pscustomobject]@{ Name = 'tun0'; IPv4 = '10.0.0.2/24' }); Connections = @([pscustomobject]@{ Paths = @($path) })
                    Offloads = 'TunTcp, TunUdp, UdpSegment, UdpGro'
                }
            }
            MptEvent {
                [pscustomobject]@{ Time = [DateTimeOffset]::Now; Kind = 'ConnectionStarted'; Message = 'A sentence that goes on and on. ' * 9 }
            }
        }
        $sample.PSTypeNames.Insert(0, "MptTools.Engine.$Type")
        $text = ($sample | Out-String -Width 80).TrimEnd()
        foreach ($header in $Headers) { $text | Should -Match "(^|\s)$([regex]::Escape($header))(\s|$)" }
        ($text -split "`n" | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 80
    }
}
