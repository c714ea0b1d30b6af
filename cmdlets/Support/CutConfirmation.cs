using System.Management.Automation;

namespace MptTools.Cmdlets;

/// <summary>
/// Asks as a cmdlet with ConfirmImpact High does, for cmdlets of which only some uses cut traffic: ConfirmImpact holds for all uses
/// of a cmdlet. To be called after ShouldProcess.
/// </summary>
internal sealed class CutConfirmation(PSCmdlet cmdlet)
{
    private bool yesToAll, noToAll;

    /// <summary>The user agrees, or has said beforehand not to be asked (-Confirm:$false, $ConfirmPreference = 'None').</summary>
    internal bool Allows(string question) =>
        // ShouldProcess has asked where -Confirm was given, and where the preference is lower than High.
        cmdlet.MyInvocation.BoundParameters.ContainsKey("Confirm")
        || LanguagePrimitives.ConvertTo<ConfirmImpact>(cmdlet.GetVariableValue("ConfirmPreference", ConfirmImpact.High)) != ConfirmImpact.High
        || cmdlet.ShouldContinue(question, "Confirm", ref yesToAll, ref noToAll);
}
