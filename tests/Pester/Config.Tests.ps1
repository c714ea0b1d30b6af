# Making, reading again and saving configuration.
BeforeDiscovery {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    $obstacle = Get-LabObstacle
}

BeforeAll {
    $root = (Resolve-Path $PSScriptRoot/../..).Path
    Import-Module $root/MptTools.psd1 -Force
}

Describe 'New-MptKey' {
    It 'makes a key as files take it, another one each time' {
        $keys = 1..20 | ForEach-Object { New-MptKey }
        $keys | Should -Match '^[0-9a-f]{64}$'
        $keys | Select-Object -Unique | Should -HaveCount 20
    }
}

Describe 'New-MptConfig' {
    BeforeAll {
        $links = @{ Interface = 'eth1'; LocalAddress = '10.1.1.2'; RemoteAddress = '10.1.1.3' }, @{ Interface = 'eth2'; Network = '10.2.2.0/24'; Weight = 3 }
        $site = @{ LocalName = 'office'; RemoteName = 'branch'; TunnelNetwork = '10.0.0.0/24' }

        function Get-Value([string] $File, [string] $Section, [string] $Key) {
            $text = [regex]::Match((Get-Content $File -Raw), ('(?ms)^\[{0}\]$(.*?)(?=^\[|\z)' -f $Section)).Groups[1].Value
            [regex]::Match($text, ('(?m)^{0}\s*= (.*)$' -f $Key)).Groups[1].Value
        }
    }

    BeforeEach {
        $path = Join-Path $TestDrive ([guid]::NewGuid())
    }

    It 'writes both ends, gives their files, and Test-MptConfig has nothing to say about them' {
        $files = New-MptConfig $path @site -Link $links
        $files | Should -BeOfType IO.FileInfo
        $files.FullName | Should -Be ('office/interface.conf', 'office/connections/branch.conf', 'branch/interface.conf', 'branch/connections/office.conf').ForEach({ Join-Path $path $_ })
        foreach ($name in 'office', 'branch') { Test-MptConfig (Join-Path $path $name) | Should -BeNullOrEmpty }
        $here, $there = $files[1], $files[3]
        Get-Value $here connection ip_local | Should -Be 10.0.0.1
        Get-Value $here connection ip_remote | Should -Be 10.0.0.2
        Get-Value $here path_0 remote_ipaddr | Should -Be 10.1.1.3
        Get-Value $there path_0 public_ipaddr | Should -Be 10.1.1.3
        Get-Value $here path_1 public_ipaddr | Should -Be 10.2.2.1
        Get-Value $there path_1 public_ipaddr | Should -Be 10.2.2.2
        Get-Value $there path_1 weight_out | Should -Be 3
    }

    It 'makes a fresh key that only the owner may read, the same at both ends' {
        $files = New-MptConfig $path @site -Link $links
        $keys = $files[1, 3].ForEach({ Get-Value $_ connection auth_key })
        $keys[0] | Should -Match '^[0-9a-f]{64}$'
        $keys[1] | Should -BeExactly $keys[0]
        Get-Value $files[1] connection auth_type | Should -Be 2
        if (-not $IsWindows) { [int[]] $files[1, 3].UnixFileMode | Should -Be 384, 384 }
        $again = New-MptConfig $path @site -Link $links -Force
        Get-Value $again[1] connection auth_key | Should -Not -Be $keys[0]
    }

    It 'takes a key, or none' {
        $key = New-MptKey
        $files = New-MptConfig $path @site -Link $links -Key $key
        Get-Value $files[3] connection auth_key | Should -Be $key
        $files = New-MptConfig $path @site -Link $links -Authentication None -Force
        Get-Value $files[1] connection auth_key | Should -BeNullOrEmpty
        Test-MptConfig (Join-Path $path office) | Should -BeNullOrEmpty
    }

    It 'takes links from the pipeline and from CSV, where an empty column says nothing' {
        "Interface,LocalAddress,RemoteAddress,Weight`neth1,10.1.1.2,10.1.1.3,`neth2,fd00:2::2,fd00:2::3,5" | ConvertFrom-Csv |
            New-MptConfig $path @site | Should -HaveCount 4
        $file = Join-Path $path office/connections/branch.conf
        Get-Value $file connection path_count | Should -Be 2
        Get-Value $file path_0 weight_out | Should -Be 1
        Get-Value $file path_1 ip_ver | Should -Be 6
        Get-Value $file path_1 weight_out | Should -Be 5
    }

    It 'makes subnets for links that are names of interfaces' {
        'eth1', 'wlan0' | New-MptConfig $path @site -LinkNetwork $Network | Should -HaveCount 4
        $file = Join-Path $path branch/connections/office.conf
        Get-Value $file path_0 remote_ipaddr | Should -Be $Addresses[0]
        Get-Value $file path_0 public_ipaddr | Should -Be $Addresses[1]
        Get-Value $file path_1 interface_name | Should -Be wlan0
        Get-Value $file path_1 remote_ipaddr | Should -Be $Addresses[2]
    } -ForEach @(
        @{ Network = '10.1.0.0/16'; Addresses = '10.1.1.1', '10.1.1.2', '10.1.2.1' }
        @{ Network = '10.1.7.0/28'; Addresses = '10.1.7.1', '10.1.7.2', '10.1.7.5' }
        @{ Network = 'fd00:1::/56'; Addresses = 'fd00:1:0:1::1', 'fd00:1:0:1::2', 'fd00:1:0:2::1' }
    )

    It 'takes the next hop from the link, from the system, or takes the peer to be on the link' {
        New-MptConfig $path @site -Link @(
            @{ Interface = 'near'; LocalAddress = '10.1.1.2'; RemoteAddress = '10.1.1.3' }
            @{ Interface = 'far'; LocalAddress = '198.51.100.2'; RemoteAddress = '203.0.113.3' }
            @{ Interface = 'told'; LocalAddress = '198.51.100.3'; RemoteAddress = '203.0.113.4'; LocalGateway = '198.51.100.1' }
            @{ LocalInterface = 'lte0'; RemoteInterface = 'eth0'; LocalAddress = '192.168.8.2'; LocalPublicAddress = '198.51.100.9'; RemoteAddress = '203.0.113.5' }
        ) | Should -HaveCount 4
        $here, $there = 'office/connections/branch.conf', 'branch/connections/office.conf' | ForEach-Object { Join-Path $path $_ }
        0..3 | ForEach-Object { Get-Value $here "path_$_" gw_ipaddr } | Should -Be 10.1.1.2, 0.0.0.0, 198.51.100.1, 0.0.0.0
        0..3 | ForEach-Object { Get-Value $there "path_$_" gw_ipaddr } | Should -Be 10.1.1.3, 0.0.0.0, 0.0.0.0, 0.0.0.0
        Get-Value $here path_3 private_ipaddr | Should -Be 192.168.8.2
        Get-Value $here path_3 public_ipaddr | Should -Be 198.51.100.9
        Get-Value $there path_3 remote_ipaddr | Should -Be 198.51.100.9
        Get-Value $there path_3 interface_name | Should -Be eth0
    }

    It 'joins every network of one end with every one of the other, or with the other end itself' {
        $null = New-MptConfig $path office branch -TunnelNetwork 10.0.0.0/24, fd00::/64 -Link $links -LocalNetwork 192.168.1.0/24, fd11::/64 -RemoteNetwork 192.168.2.0/24, 192.168.3.0/24
        $here, $there = 'office/connections/branch.conf', 'branch/connections/office.conf' | ForEach-Object { Join-Path $path $_ }
        0..2 | ForEach-Object { (Get-Value $here "net_$_" src_addr), (Get-Value $here "net_$_" dst_addr) -join ' ' } |
            Should -Be '192.168.1.0/24 192.168.2.0/24', '192.168.1.0/24 192.168.3.0/24', 'fd11::/64 fd00::2/128'
        Get-Value $there net_2 dst_addr | Should -Be fd11::/64
        Get-Value $there net_2 src_addr | Should -Be fd00::2/128
        Test-MptConfig (Join-Path $path office) | Should -BeNullOrEmpty
    }

    It 'takes tunnel addresses of one''s own' {
        $null = New-MptConfig $path @site -Link $links -LocalTunnelAddress 10.0.0.2 -RemoteTunnelAddress 10.0.0.3
        Get-Value (Join-Path $path office/interface.conf) tun_0 ipv4_addr | Should -Be 10.0.0.2/24
        Get-Value (Join-Path $path branch/connections/office.conf) connection ip_remote | Should -Be 10.0.0.2
    }

    It 'refuses to write over files, unless forced' {
        $files = New-MptConfig $path @site -Link $links
        Remove-Item $files[0, 2, 3]
        $before = Get-Content $files[1] -Raw
        $failure = { New-MptConfig $path @site -Link $links } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike 'ConfigExists,*'
        $failure.CategoryInfo.Category | Should -Be ResourceExists
        $failure.TargetObject | Should -Be $files[1].FullName
        Get-Content $files[1] -Raw | Should -Be $before
        Test-Path $files[0] | Should -BeFalse
        New-MptConfig $path @site -Link $links -Force | Should -HaveCount 4
    }

    It 'writes nothing with -WhatIf' {
        New-MptConfig $path @site -Link $links -WhatIf | Should -BeNullOrEmpty
        Test-Path $path | Should -BeFalse
    }

    It 'reports each link that is wrong, and writes nothing then' {
        $given = $links[0], @{ Interface = 'eth3' }, $links[1], @{ Interface = 'eth4'; Adress = '10.1.1.2' }
        $given | New-MptConfig $path @site -ErrorVariable failures -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $failures.FullyQualifiedErrorId | Should -Be 'InvalidLink,MptTools.Cmdlets.NewMptConfigCommand', 'InvalidLink,MptTools.Cmdlets.NewMptConfigCommand'
        $failures[0].Exception.Message | Should -Match '^Link 2 .*LocalAddress'
        $failures[0].TargetObject.Interface | Should -Be eth3
        $failures[1].Exception.Message | Should -Match "^Link 4 .*'Adress'.*LocalAddress"
        Test-Path $path | Should -BeFalse
    }

    It 'says what is wrong with <What>, and writes nothing' -ForEach @(
        @{ What = 'a network with host bits'; Arguments = @{ TunnelNetwork = '10.0.0.1/24' }; Message = 'Write 10\.0\.0\.0/24' }
        @{ What = 'a network of one address'; Arguments = @{ TunnelNetwork = '10.0.0.1/32' }; Message = 'no room for two ends' }
        @{ What = 'two tunnel networks of a version'; Arguments = @{ TunnelNetwork = '10.0.0.0/24', '10.9.0.0/24' }; Message = 'same IP version' }
        @{ What = 'a tunnel address outside'; Arguments = @{ LocalTunnelAddress = '10.9.0.1' }; Message = '10\.9\.0\.1 is not in 10\.0\.0\.0/24' }
        @{ What = 'the same tunnel address twice'; Arguments = @{ LocalTunnelAddress = '10.0.0.2' }; Message = 'ip_remote: 10\.0\.0\.2 is ip_local as well' }
        @{ What = 'too small a link network'; Arguments = @{ LinkNetwork = '10.1.1.0/30'; Link = 'eth1' }; Message = 'no room for 1 links'; Id = 'InvalidLink' }
        @{ What = 'mixed versions'; Arguments = @{ Link = @{ Interface = 'eth1'; LocalAddress = '10.1.1.2'; RemoteAddress = 'fd00::2' } }; Message = 'both IP versions'; Id = 'InvalidLink' }
        @{ What = 'a weight'; Arguments = @{ Link = @{ Interface = 'eth1'; Network = '10.1.1.0/24'; Weight = 0 } }; Message = 'from 1 to 10000'; Id = 'InvalidLink' }
        @{ What = 'an interface'; Arguments = @{ Link = @{ Interface = 'a very long name of one'; Network = '10.1.1.0/24' } }; Message = 'interface_name' }
        @{ What = 'two links that are the same'; Arguments = @{ Link = @(@{ Interface = 'eth1'; Network = '10.1.1.0/24' }) * 2 }; Message = '\[path_0\].*\[path_1\]' }
        @{ What = 'a port that is taken'; Arguments = @{ CommandPort = 23456 }; Message = '23456' }
        @{ What = 'networks of a version without addresses'; Arguments = @{ LocalNetwork = 'fd11::/64' }; Message = 'IPv6' }
        @{ What = 'the same site twice'; Arguments = @{ RemoteName = 'office' }; Message = 'office' }
        @{ What = 'a name that is a path'; Arguments = @{ LocalName = '../office' }; Message = 'starts with a letter'; Id = 'ParameterArgumentValidationError' }
        @{ What = 'a short key'; Arguments = @{ Key = 'abc' }; Message = '64 hexadecimal digits'; Id = 'ParameterArgumentValidationError' }
        @{ What = 'a dead time'; Arguments = @{ DeadSeconds = 300000 }; Message = '259200'; Id = 'ParameterArgumentValidationError' }
    ) {
        $all = @{ Path = $path; Link = $links; ErrorAction = 'Stop' } + $site
        foreach ($key in $Arguments.Keys) { $all[$key] = $Arguments[$key] }
        $failure = { New-MptConfig @all } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike "$($Id ?? 'InvalidTopology'),*"
        $failure.Exception.Message | Should -Match $Message
        Test-Path $path | Should -BeFalse
    }
}

Describe 'A configuration of New-MptConfig' -Skip:([bool] $obstacle) {
    BeforeAll {
        Import-Module $PSScriptRoot/Lab.psm1 -Force
        $lab = New-Lab newconf
        $site = Join-Path $lab.Directory site
        $null = 'eth1', @{ Interface = 'eth2'; LocalAddress = '10.2.2.2'; RemoteAddress = '10.2.2.3' } |
            New-MptConfig $site a b -TunnelNetwork 10.0.0.0/24, fd00::/64 -LinkNetwork 10.1.0.0/16 -LocalNetwork 192.168.1.0/24 -KeepaliveSeconds 0.2
        foreach ($end in ('a', 1), ('b', 2)) {
            ip -n $lab.Hosts[$end[0]] address flush dev eth1
            ip -n $lab.Hosts[$end[0]] address add "10.1.1.$($end[1])/24" dev eth1
        }
        ip -n $lab.Hosts.a address add 192.168.1.1/32 dev lo
        $a = Enter-LabSession $lab a
        $b = Enter-LabSession $lab b
        $null = Invoke-Lab $a "Start-MptServer '$site/a' -WarningVariable warned"
        $null = Invoke-Lab $b "Start-MptServer '$site/b'"
    }

    AfterAll {
        if ($lab) { Remove-Lab $lab }
    }

    It 'carries traffic by all paths, both IP versions, and to the networks behind' {
        # The first to start takes its paths for dead until the other has started and heard it.
        Wait-Lab $a '@(Get-MptPath -Status Up | Where-Object RoundTripMilliseconds -ne $null).Count -eq 2'
        Invoke-Lab $a 'Test-Connection 10.0.0.2 -Count 2 -TimeoutSeconds 2 -Quiet' | Should -BeTrue
        Invoke-Lab $a 'Test-Connection fd00::2 -Count 2 -TimeoutSeconds 2 -Quiet' | Should -BeTrue
        Invoke-Lab $b 'Test-Connection 192.168.1.1 -Count 2 -TimeoutSeconds 2 -Quiet' | Should -BeTrue
        (Invoke-Lab $b 'Get-MptConnection').AuthenticationType | Should -Be Sha256
        Invoke-Lab $a '$warned' | Should -BeNullOrEmpty
    }
}

Describe 'Import- and Save-MptConfig' -Skip:([bool] $obstacle) {
    BeforeAll {
        Import-Module $PSScriptRoot/Lab.psm1 -Force
        $lab = New-Lab reload
        $a = Enter-LabSession $lab a
        $config = Join-Path $lab.Directory a
        $file = Join-Path $config connections/peer.conf
        $original = Get-Content $file -Raw
        $null = Invoke-Lab $a "Start-MptServer '$config'"

        function Set-Weight([int] $Weight) {
            ($original -replace '(?m)^weight_out = 2$', "weight_out = $Weight") | Set-Content $file -NoNewline
        }
        function Get-Weight { (Invoke-Lab $a 'Get-MptPath -Index 1').WeightOut }
    }

    AfterAll {
        if ($lab) { Remove-Lab $lab }
    }

    AfterEach {
        Set-Content $file $original -NoNewline
        Remove-Item (Join-Path $config connections/other.conf) -ErrorAction Ignore
        $null = Invoke-Lab $a 'Import-MptConfig'
    }

    It 'Import reads again <What>' -ForEach @(
        @{ What = 'everything'; Command = 'Import-MptConfig' }
        @{ What = 'a file by its name'; Command = 'Import-MptConfig peer.conf' }
        @{ What = 'files by a pattern'; Command = 'Import-MptConfig p*.conf' }
        @{ What = 'a file by its path'; Command = 'Import-MptConfig (Join-Path (Get-MptServer).ConfigDirectory connections/peer.conf)' }
        @{ What = 'files from the pipeline'; Command = 'Get-ChildItem (Join-Path (Get-MptServer).ConfigDirectory connections) | Import-MptConfig' }
        @{ What = 'the file of a connection'; Command = 'Get-MptConnection | Import-MptConfig' }
        @{ What = 'everything of a server'; Command = 'Get-MptServer | Import-MptConfig' }
    ) {
        Set-Weight 7
        Invoke-Lab $a $Command | Should -BeNullOrEmpty
        Get-Weight | Should -Be 7
    }

    It 'Import gives the connections with -PassThru, and only them' {
        Set-Weight 8
        (Invoke-Lab $a 'Import-MptConfig peer.conf -PassThru').Name | Should -Be peer
        (Invoke-Lab $a 'Import-MptConfig -PassThru').Name | Should -Be peer
    }

    It 'Import changes nothing with -WhatIf' {
        Set-Weight 9
        $null = Invoke-Lab $a 'Import-MptConfig -WhatIf; Import-MptConfig peer.conf -WhatIf'
        Get-Weight | Should -Be 2
    }

    It 'Import of a file with a fault says what it is and changes nothing' {
        Set-Weight 20000
        foreach ($command in 'Import-MptConfig', 'Import-MptConfig peer.conf') {
            $failure = { Invoke-Lab $a $command } | Should -Throw -PassThru
            $failure.FullyQualifiedErrorId | Should -BeLike 'InvalidConfiguration,*ImportMptConfigCommand'
            $failure.Exception.Message | Should -Match 'peer\.conf\(\d+\).*weight_out.*10000'
        }
        Get-Weight | Should -Be 2
    }

    It 'Import goes on after a file that is not there, and after one of somewhere else' {
        Set-Weight 5
        Set-Content (Join-Path $config connections/other.conf) '[connection]'
        $ids = Invoke-Lab $a 'Import-MptConfig nobody.conf, other.conf, /tmp/peer.conf, peer.conf -ErrorVariable failures -ErrorAction SilentlyContinue; $failures | ForEach-Object FullyQualifiedErrorId'
        $ids | ForEach-Object { ($_ -split ',')[0] } | Should -Be NotFound, InvalidConfiguration, NotOfThisServer
        Get-Weight | Should -Be 5
    }

    It 'Import completes the files there are' {
        Set-Content (Join-Path $config connections/other.conf) '[connection]'
        Invoke-Lab $a '(TabExpansion2 "Import-MptConfig ").CompletionMatches.CompletionText' | Should -Be other.conf, peer.conf
        Invoke-Lab $a '(TabExpansion2 "Save-MptConfig -File p").CompletionMatches.CompletionText' | Should -Be peer.conf
    }

    It 'Save writes what was changed, gives the file, and then has nothing to write' {
        $null = Invoke-Lab $a 'mpt path set peer 1 weight_out=11'
        $null = Invoke-Lab $a 'Save-MptConfig -WhatIf'
        Get-Content $file -Raw | Should -Be $original
        Invoke-Lab $a '(Save-MptConfig).FullName' | Should -Be $file
        Get-Content $file -Raw | Should -Match '(?m)^weight_out = 11$'
        Invoke-Lab $a 'Save-MptConfig' | Should -BeNullOrEmpty
        Invoke-Lab $a '(Save-MptConfig -Verbose 4>&1) -match "Nothing was changed of"' | Should -Not -BeNullOrEmpty
    }

    It 'Save writes the file of a connection from the pipeline' {
        $null = Invoke-Lab $a 'mpt path set peer 1 weight_out=12'
        Invoke-Lab $a 'Save-MptConfig n*.conf' | Should -BeNullOrEmpty
        Invoke-Lab $a '(Get-MptConnection peer | Save-MptConfig).Name' | Should -Be peer.conf
    }

    It 'Save answers a wrong <What> with an error of its own' -ForEach @(
        @{ What = 'file'; Command = 'Save-MptConfig nobody.conf'; Id = 'NotFound' }
        @{ What = 'server'; Command = 'Save-MptConfig -Server tun9'; Id = 'NoServer' }
    ) {
        $failure = { Invoke-Lab $a $Command } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike "$Id,*SaveMptConfigCommand"
    }
}
