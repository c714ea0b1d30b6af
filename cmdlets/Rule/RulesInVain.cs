using System.Management.Automation;
using MptTools.Engine;
using MptTools.Engine.Config;

namespace MptTools.Cmdlets;

/// <summary>Tells at once what the server writes to its log only: that nobody asks the rules of a connection.</summary>
internal static class RulesInVain
{
    internal static void Warn(Cmdlet cmdlet, ConnectionStatus connection)
    {
        if (connection.Mapping != MappingMode.Combined && connection.Rules.Count > 0)
        {
            cmdlet.WriteWarning($"Connection {connection.Name} does not ask its rules, because its mapping is {connection.Mapping}. Set-MptConnection {connection.Name} -Mapping Combined has it ask them.");
        }
    }
}
